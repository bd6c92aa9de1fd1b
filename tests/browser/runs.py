"""The pages that the browser is shown: four nodes with every kind of trouble, and 2,000 nodes."""

from aiconform.judge import judge
from aiconform.model.requirement import Level, RequirementVerdict, Step
from aiconform.model.verdict import Outcome
from aiconform.report.page import page
from aiconform.report.story import tell
from tests.support.journals import Faults, run_journal


def small_page() -> str:
    faults = Faults(
        slow={("node2", "send"): 1.0},
        corrupt={"node3": True},
        failed={"node4": ("ImagePullBackOff", "no image <b>x</b>")},
        excluded={"node5": ("Tainted", "team=vision:NoSchedule")},
    )
    entries = run_journal(faults, nodes=6, devices=("gpu0", "gpu1"))
    told = judge(entries).model_copy(update={"requirements": requirements()})
    return page(tell(entries), told)


def large_page() -> str:
    faults = Faults(slow={("node0017", "send"): 1.0}, lost={"node0042": 2})
    entries = run_journal(faults, nodes=2000, exercises=("gemm.rate",), profile="quick")
    return page(tell(entries), judge(entries))


def requirements() -> tuple[RequirementVerdict, ...]:
    """One of each outcome; two have evidence beside the page."""
    return (
        requirement("gang_scheduling", Outcome.PASS, "all of the gang ran or none"),
        requirement("secure_accelerator_access", Outcome.FAIL, "the bystander sees /dev/nvidia0"),
        requirement("pod_autoscaling", Outcome.UNKNOWN, "no custom metrics are served"),
        requirement("gpu_sharing", Outcome.SKIP, "the hardware cannot be shared", Level.SHOULD),
        requirement("ai_inference", Outcome.WARN, "no load balancer: the cluster IP was used"),
    )


def requirement(
    name: str, outcome: Outcome, sentence: str, level: Level = Level.MUST
) -> RequirementVerdict:
    return RequirementVerdict(
        id=name,
        level=level,
        outcome=outcome,
        reason="Seen",
        sentence=sentence,
        notes=("read from the API server",),
        evidence=("objects/pod.json", "logs/bystander.log"),
        steps=(
            Step(name="FirstStep", outcome=outcome, sentence="expected 4, saw 4", duration_s=1.5),
            Step(name="Extra", outcome=Outcome.PASS, sentence="told only", mandatory=False),
        ),
    )

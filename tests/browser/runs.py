"""The pages that the browser is shown: four nodes with every kind of trouble, and 2,000 nodes."""

from datetime import date

from aiconform.judge import judge
from aiconform.judge.waiving import uses, waive_requirements
from aiconform.model.requirement import Level, RequirementVerdict, Step
from aiconform.model.verdict import Outcome
from aiconform.model.waiver import Waiver, parse_waivers
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
    told = judge(entries, waivers=waivers(), on=date(2027, 3, 31))
    waived = waive_requirements(requirements(), waivers(), date(2027, 3, 31))
    used = uses(waivers(), told.findings, waived, date(2027, 3, 31))
    told = told.model_copy(update={"requirements": waived, "waivers": used})
    return page(tell(entries), told)


def waivers() -> tuple[Waiver, ...]:
    """One of a node, one of a requirement, one that has expired and one that covers nothing."""
    return parse_waivers("""
- {id: AIC-NODE-002, scope: node4, reason: <b>moved</b> next week, owner: kim, expiry: 2027-04-30}
- {id: pod_autoscaling, scope: cluster, reason: ticket 7, owner: platform, expiry: 2027-03-31}
- {id: AIC-NET-001, scope: node2 *, reason: new optics, owner: fabric, expiry: 2027-03-30}
- {id: AIC-NET-001, scope: node9 *, reason: old, owner: fabric, expiry: 2027-06-30}
""")


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

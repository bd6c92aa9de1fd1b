"""A run with faults and a checked requirement, as a coordinator leaves it: what the docs show."""

from collections.abc import Sequence
from pathlib import Path

from aiconform.model.records import (
    CheckBegan,
    CheckEnded,
    Entry,
    EvidenceFile,
    JournalRecord,
    Planned,
    Sighted,
    StepProblem,
)
from aiconform.model.verdict import Judgement
from aiconform.report import archive, write_results
from aiconform.report.again import judge_again
from aiconform.report.load import Results
from tests.support.journals import Faults, run_journal, with_waivers

GANG = "gang_scheduling"
FAULTS = Faults(
    slow={("node2", "send"): 1.0},
    corrupt={"node3": True},
    failed={"node4": ("ImagePullBackOff", "no image")},
    excluded={"node5": ("Tainted", "team=vision:NoSchedule")},
    trouble=("the API server was silent for 40 s",),
)
WAIVERS = """\
- {id: AIC-NODE-002, scope: node4, reason: moved next week, owner: kim, expiry: 2027-04-30}
- {id: AIC-NET-001, scope: node9 *, reason: old, owner: fabric, expiry: 2027-06-30}
"""


def entries() -> tuple[Entry, ...]:
    """The journal: faults of nodes and links, one waiver that is used, one check's steps."""
    whole = with_waivers(run_journal(FAULTS, nodes=6), WAIVERS)
    *before, closed = [_with_check(entry.record) for entry in whole]
    told = [*before, *_checked(), closed]
    start = whole[0].at
    return tuple(Entry(n=n, at=start + n, record=record) for n, record in enumerate(told))


def judged(found: Sequence[Entry]) -> Judgement:
    return judge_again(Results("test-run", tuple(found), ()))


def write_run(results: Path, *, name: str) -> Path:
    """`results/<name>/` and, beside it, the tarball, which is returned."""
    directory, tarball = results / name, results / f"{name}.tar.gz"
    found = entries()
    write_results(directory, found, judged(found))
    archive(directory, tarball)
    return tarball


def _with_check(record: JournalRecord) -> JournalRecord:
    if isinstance(record, Planned):
        plan = record.plan.model_copy(update={"checks": (GANG,)})
        return record.model_copy(update={"plan": plan})
    return record


def _checked() -> tuple[JournalRecord, ...]:
    problem = StepProblem(kind="forbidden", reason="Forbidden", sentence="may not list workloads")
    return (
        CheckBegan(check=GANG, time_box_s=600.0),
        Sighted(check=GANG, step="Discover", began=1.0, ended=2.0, facts={"found": ["kueue"]}),
        Sighted(check=GANG, step="Gang", began=2.0, ended=3.5, problem=problem),
        EvidenceFile(check=GANG, path="objects/pod.json", text="{}\n"),
        CheckEnded(check=GANG, how="complete"),
    )

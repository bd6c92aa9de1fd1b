"""Who got the requests of a load, by the backends' own counts, and is a split likely? (pure)"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiconform.checks.ai_inference.chance import likely_counts
from aiconform.checks.framework import Answer, failed, passed

SHARE_OF_B, AMONG = 20, 100


@dataclass(frozen=True)
class Tally:
    """
    Attributes:
        a, b: Arrived at each backend, as that pod counted.
        asked: Were to be sent.
        trouble: Why the numbers do not hold: requests failed, or the two sides disagree.
    """

    a: int
    b: int
    asked: int
    trouble: Answer | None = None


def tally(load: Mapping[str, Any], uids: Mapping[str, str]) -> Tally:
    """
    Count a load of which every request had to be answered by one of our backends.

    Identity is the pod's UID as the API server has it: what an answer calls itself counts for
    nothing, and what a client was told has to have arrived there.
    """
    at, told = load["at_backends"], load["by_pod_uid"]
    a, b, asked = int(at["a"]), int(at["b"]), int(load["asked"])
    answered = int(load["by_status"].get("200", 0))
    strangers = sum(count for uid, count in told.items() if uid not in uids.values())
    trouble = None
    if answered < asked:
        trouble = failed("RequestsFailed", f"{asked - answered} of {asked} requests were not "
                         f"answered with 200: {_met(load)}")  # fmt: skip
    elif strangers or sum(told.values()) < answered:
        trouble = failed("StrangerAnswered", f"{strangers or answered - sum(told.values())} of "
                         f"{asked} requests were answered by no backend of ours")  # fmt: skip
    elif told.get(uids["a"], 0) > a or told.get(uids["b"], 0) > b:
        trouble = failed(
            "CountsDisagree",
            f"answers named backend A {told.get(uids['a'], 0)} and B {told.get(uids['b'], 0)}"
            f" times, but {a} and {b} requests arrived there",
        )
    return Tally(a, b, asked, trouble)


def looks_unlikely(loads: Mapping[str, Any], *, uids: Mapping[str, str]) -> bool:
    """Should it be counted again with more requests?"""
    return split_answer(loads, uids).outcome != passed("").outcome


def split_answer(loads: Mapping[str, Any], uids: Mapping[str, str]) -> Answer:
    """
    Is the share of B what its weight says, as far as chance allows?

    Connections that are kept are counted with the new ones; on the new ones each side must be hit.
    """
    new, kept = (_of_kind(loads, uids, kind) for kind in ("new", "kept"))
    for each in (new, kept):
        if each.trouble is not None:
            return each.trouble
    total, b = new.asked + kept.asked, new.b + kept.b
    least, most = likely_counts(total, of=SHARE_OF_B, among=AMONG)
    told = (
        f"{b} of {total} requests arrived at B, by weight {SHARE_OF_B} of {AMONG}: likely are"
        f" {least} to {most} (new connections {new.b} of {new.asked}, kept {kept.b} of"
        f" {kept.asked})"
    )
    if not (new.a and new.b):
        return failed("ShareUnlikely", f"on new connections one side was never hit: {told}")
    if not least <= b <= most:
        return failed("ShareUnlikely", told)
    return passed(told)


def _of_kind(loads: Mapping[str, Any], uids: Mapping[str, str], kind: str) -> Tally:
    (found,) = (load for name, load in loads.items() if name.endswith(f"-{kind}"))
    return tally(found, uids)


def _met(load: Mapping[str, Any]) -> str:
    return words({**load["by_status"], **load["troubles"]})


def words(counts: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> str:
    """As a sentence has them: "404 12 times, timeout 3 times"."""
    return ", ".join(f"{name} {count} times" for name, count in dict(counts).items()) or "nothing"

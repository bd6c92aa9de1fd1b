"""
What counters before and after prove: which transport carried the bytes, and whether it lost any.

Counters that are absent, went backwards or do not add up prove nothing: what rests on them is
UNKNOWN, and never in the way of a run, since rates and paths are proven without them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from aiconform.fabric import PairTest
from aiconform.judge.carriage import Carriage, Shown
from aiconform.judge.loss import Losses
from aiconform.judge.network import Network
from aiconform.judge.noticed import Noticed
from aiconform.judge.port_errors import port_errors
from aiconform.judge.rounds import OWED
from aiconform.judge.words import clip, counted, listed
from aiconform.model.verdict import Outcome, Subject, Verdict, worst

REASONS = {Shown.ELSEWHERE: "OtherInterface", Shown.NOWHERE: "NotShown"}


@dataclass(frozen=True)
class Counted:
    """All that the counters of a run say."""

    network: Network

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """`tcp.transport` of each node that was tested; `counters` where something is wrong."""
        carried = (self._transport(node) for node in self.network.facts.nodes)
        return (*(each for each in carried if each), *self._wrong())

    @property
    def of_nodes(self) -> tuple[Verdict, ...]:
        """Those that weigh in the verdict of one node."""
        return tuple(verdict for verdict in self.verdicts if verdict.subject.peer is None)

    @cached_property
    def losses(self) -> Losses:
        return Losses(self.network)

    @cached_property
    def noticed(self) -> tuple[Noticed, ...]:
        return (*port_errors(self.network.facts), *self.losses.noticed())

    def _transport(self, node: str) -> Verdict | None:
        tests = self.network.tests_of.get(node, ())
        complete = [test for test in tests if test.outcome == "ok"]
        if not complete:
            return None
        seen = [self.network.sides.carriage(test, node) for test in complete]
        wrong = [each for each in seen if each.shown in REASONS]
        if wrong:
            told = listed(list(dict.fromkeys(each.said for each in wrong)))
            ids = _ids(test for test, c in zip(complete, seen, strict=True) if c.shown in REASONS)
            reason = REASONS[wrong[0].shown]
            return _transport(node, Outcome.WARN, reason, told, ids, required=True)
        left = [each for each in seen if each.shown is Shown.OPEN]
        owed = any(test.reason in OWED and not test.ran for test in tests)
        if left or owed:
            why = left[0].why if left else "not every test is reported"
            return _transport(node, Outcome.UNKNOWN, "NotCounted", why, _ids(complete))
        ids = (*self.network.planned_ids, *_ids(complete))
        return _transport(node, Outcome.PASS, "Shown", _shown(seen), ids)

    def _wrong(self) -> Iterator[Verdict]:
        """By node; what is of no one node stands with the node that sends, or the cluster."""
        by_subject: dict[Subject, list[Noticed]] = defaultdict(list)
        for each in self.noticed:
            by_subject[Subject(node=each.subject.node, peer=each.subject.peer)].append(each)
        for subject, found in by_subject.items():
            outcome = worst(each.outcome for each in found)
            deciding = [each for each in found if each.outcome is outcome]
            yield Verdict(
                item="counters",
                subject=subject,
                outcome=outcome,
                reason=deciding[0].reason,
                sentence=clip("; ".join(each.sentence for each in deciding)),
                rests_on=tuple(dict.fromkeys(i for each in found for i in each.rests_on)),
            )


def _shown(seen: Sequence[Carriage]) -> str:
    carriers = sorted({each.carrier for each in seen})
    return f"{counted(len(seen), 'test')}, the bytes went over {listed(carriers)}"


def _ids(tests: Iterable[PairTest]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(i for test in tests for i in test.record_ids))


def _transport(
    node: str,
    outcome: Outcome,
    reason: str,
    said: str,
    rests_on: tuple[str, ...],
    *,
    required: bool = False,
) -> Verdict:
    return Verdict(
        item="tcp.transport",
        subject=Subject(node=node),
        outcome=outcome,
        reason=reason,
        sentence=clip(f"{node}: {said}"),
        required=required,
        rests_on=rests_on,
    )

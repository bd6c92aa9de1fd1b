"""
Is a device or a node as fast as it must be? What is known of its product decides, then its peers.

A figure above the physical peak is an error of the measurement. Without a reference and without
enough peers there is nothing to compare with: the value is shown and nothing is claimed.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from aiconform.catalogue.figures import AcceleratorKind
from aiconform.judge.answers import STREAM, is_answer, wrong_answers
from aiconform.judge.facts import Facts
from aiconform.judge.peers import TOO_FAST, Peers, peers_of
from aiconform.judge.products import host_transport, product_of
from aiconform.judge.standards import (
    ABOVE_PEAK,
    FIXED,
    Asked,
    Standard,
    asked_of,
    bound_of,
    standard_for,
)
from aiconform.judge.states import trouble_of
from aiconform.judge.streams import Stream
from aiconform.judge.words import clip, number
from aiconform.model.reference import SiteReference
from aiconform.model.verdict import Figure, Outcome, Subject, Verdict, worst
from aiconform.model.wire import KnownAnswer, Measurement

MAX_VALUE = 1e9  # no unit in use makes a larger figure: such a one is not credible
VARYING = frozenset({"calls", "seconds", "seed"})  # parameters that do not make another class
MIN_SAMPLES = 3  # of one device, all below the line: the low rate is confirmed

TRAINING = "train.step"
MULTIPLYING = "gemm."

Key = tuple[object, ...]


@dataclass(frozen=True)
class Yardstick:
    """All that one figure is held against; what there is not is None."""

    bound: tuple[float, str] | None = None  # the physical peak, and who says so
    standard: Standard | None = None
    peers: Peers | None = None

    @cached_property
    def says(self) -> str:
        parts = (
            self.standard.says if self.standard else "",
            f"median {self.peers.median:g}, MAD {self.peers.mad:g} of {self.peers.n} peers"
            if self.peers
            else "",
        )
        return clip("; ".join(part for part in parts if part))


@dataclass(frozen=True)
class Judged:
    """What one figure comes to."""

    outcome: Outcome
    reason: str
    sentence: str
    required: bool
    figure: Figure | None
    record_id: str


def judge_rates(facts: Facts, site: Sequence[SiteReference] = ()) -> Iterator[Verdict]:
    """
    A verdict for each planned rate of each device (or node), figures included.

    Args:
        site: The site's own references; they win over the catalogue's.
    """
    exercises = [e for e in (facts.plan.exercises if facts.plan else ()) if not is_answer(e)]
    yardsticks = Yardsticks(facts, _classes(facts, frozenset(exercises)), site)
    for exercise in exercises:
        for node in facts.nodes:
            yield from _judge_node(node, exercise, facts, yardsticks)


class Yardsticks:
    """Each is made once: thousands of nodes have the same few devices."""

    def __init__(
        self, facts: Facts, classes: Mapping[Key, Peers | None], site: Sequence[SiteReference]
    ) -> None:
        self._facts, self._classes, self._site = facts, classes, site
        self._links: dict[tuple[str, str], str | None] = {}
        self._made: dict[Key, Yardstick] = {}

    def of(self, measured: Measurement, node: str) -> Yardstick:
        kind = product_of(measured, node, self._facts)
        host_link = self._host_link(kind, node) if kind else None
        asked = asked_of(measured, kind, host_link=host_link)
        key = (asked, kind.id if kind else None, _key(measured))
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self._make(measured, kind, asked)
        return made

    def _host_link(self, kind: AcceleratorKind, node: str) -> str | None:
        key = (kind.id, node)
        if key not in self._links:
            self._links[key] = host_transport(kind, node, self._facts)
        return self._links[key]

    def _make(
        self, measured: Measurement, kind: AcceleratorKind | None, asked: Asked | None
    ) -> Yardstick:
        peers = self._classes.get(_key(measured))
        if asked is None:
            return Yardstick(standard=FIXED.get(measured.metric), peers=peers)
        return Yardstick(
            bound=bound_of(asked, kind) if kind else None,
            standard=None if measured.reduced else standard_for(asked, kind, self._site),
            peers=peers,
        )


def _wrong_reason(exercise: str) -> str:
    if exercise.startswith(MULTIPLYING):
        return "Sdc"
    return "TrainingWrong" if exercise == TRAINING else "WrongSum"


def _classes(facts: Facts, exercises: frozenset[str]) -> Mapping[Key, Peers | None]:
    values: dict[Key, list[float]] = defaultdict(list)
    for node in facts.nodes:
        stream = facts.stream(node, STREAM)
        for _, measured in stream.of(Measurement) if stream.complete else ():
            if measured.exercise in exercises and not _doubt(measured):
                values[_key(measured)].append(measured.value or 0.0)
    return {key: peers_of(found) for key, found in values.items()}


def _key(measured: Measurement) -> Key:
    engine = measured.engine
    params = sorted((k, str(v)) for k, v in measured.params.items() if k not in VARYING)
    return (
        measured.exercise,
        measured.metric,
        measured.unit,
        measured.reduced,
        (engine.name, engine.backend) if engine else None,
        tuple(params),
    )


def _judge_node(
    node: str,
    exercise: str,
    facts: Facts,
    yardsticks: Yardsticks,
) -> Iterator[Verdict]:
    stream = facts.stream(node, STREAM)
    devices: dict[str | None, list[Judged]] = defaultdict(list)
    for record_id, measured in stream.of(Measurement):
        if measured.exercise == exercise:
            judged = _judge_one(measured, record_id, stream, yardsticks.of(measured, node))
            devices[measured.device].append(judged)
    for record_id, wrong in wrong_answers(node, exercise, facts):
        said = wrong.detail or f"{wrong.wrong_count} of {wrong.total_count} elements are wrong"
        devices[wrong.device].append(_judge_wrong(wrong, exercise, said, record_id))
    for device, found in sorted(devices.items(), key=lambda each: each[0] or ""):
        yield _together(Subject(node=node, device=device), exercise, found, stream, facts)
    if not devices or stream.not_run(exercise):
        yield _absent(node, exercise, stream, facts)


def _judge_wrong(wrong: KnownAnswer, exercise: str, said: str, record_id: str) -> Judged:
    """A product that was right when it was asked for again may have met a passing event."""
    if exercise.startswith(MULTIPLYING) and wrong.repeated is False:
        said = f"{said}, which a second call did not show"
        return Judged(Outcome.WARN, "SdcTransient", said, True, None, record_id)
    return Judged(Outcome.FAIL, _wrong_reason(exercise), said, True, None, record_id)


def _judge_one(measured: Measurement, record_id: str, stream: Stream, against: Yardstick) -> Judged:
    def judged(outcome: Outcome, reason: str, sentence: str, *, required: bool = True) -> Judged:
        return Judged(outcome, reason, sentence, required, figure, record_id)

    figure = _figure(measured, against)
    if doubt := _doubt(measured):
        return judged(Outcome.UNKNOWN, *doubt)
    if not stream.complete:
        return judged(Outcome.UNKNOWN, "Incomplete", stream.problem)
    value = measured.value or 0.0
    shown = f"{number(value)} {measured.unit}"
    if against.bound and value > ABOVE_PEAK * against.bound[0]:
        said = f"{shown}; more than its {against.bound[1]}: the measurement is wrong"
        return judged(Outcome.ERROR, "AbovePeak", said)
    decided = [
        *(_by_standard(measured, value, against.standard) if against.standard else ()),
        *(_by_peers(measured, value, against.peers) if against.peers else ()),
    ]
    if not decided:
        sentence = f"{shown}; nothing to compare with"
        return judged(Outcome.UNKNOWN, "NoReference", sentence, required=False)
    outcome = worst(each[0] for each in decided)
    _, reason, said = next(each for each in decided if each[0] is outcome)
    return judged(outcome, reason, f"{shown}; {said}")


def _by_standard(
    measured: Measurement, value: float, standard: Standard
) -> Iterator[tuple[Outcome, str, str]]:
    if standard.fail_below is not None and value < standard.fail_below:
        sure = _confirmed(measured, standard.fail_below)
        said = f"below {standard.says}" + ("" if sure else "; not in every sample")
        yield (Outcome.FAIL if sure else Outcome.WARN), "BelowReference", said
    elif value < standard.warn_below:
        yield Outcome.WARN, "BelowReference", f"below {standard.says}"
    else:
        yield Outcome.PASS, "AboveReference", f"not below {standard.says}"


def _by_peers(
    measured: Measurement, value: float, peers: Peers
) -> Iterator[tuple[Outcome, str, str]]:
    among = f"median of {peers.n} peers {number(peers.median)}, MAD {number(peers.mad)}"
    if value > TOO_FAST * peers.median:
        yield Outcome.UNKNOWN, "NotCredible", f"{among}: too fast to be true"
    elif value < peers.fail_below and not measured.noisy and _confirmed(measured, peers.fail_below):
        yield Outcome.FAIL, "BelowPeers", among
    elif value < peers.warn_below:
        yield Outcome.WARN, "BelowPeers", among
    else:
        yield Outcome.PASS, "AmongPeers", among


def _doubt(measured: Measurement) -> tuple[str, str] | None:
    """Why a figure cannot be taken for what it says: (reason, sentence)."""
    if measured.value is None:
        return "NotMeasured", measured.reason or "no value was measured"
    if not 0 < measured.value <= MAX_VALUE:
        return "NotCredible", f"{measured.value:g} {measured.unit} cannot be true"
    statistic = measured.statistic
    if statistic and not 0 <= statistic.min <= statistic.median <= statistic.max:
        return "NotCredible", "its statistic contradicts itself"
    return None


def _confirmed(measured: Measurement, line: float) -> bool:
    """Not one unlucky draw: every sample of several was below the line."""
    statistic = measured.statistic
    return statistic is not None and statistic.n >= MIN_SAMPLES and statistic.max < line


def _figure(measured: Measurement, against: Yardstick) -> Figure | None:
    if measured.value is None:
        return None
    return Figure(
        metric=measured.metric,
        value=measured.value,
        unit=measured.unit,
        compared_with=against.says,
    )


def _together(
    subject: Subject, exercise: str, found: list[Judged], stream: Stream, facts: Facts
) -> Verdict:
    """Several figures of one exercise on one device: the worst required one decides."""
    weighing = [each for each in found if each.required] or found
    outcome = worst(each.outcome for each in weighing)
    deciding = next(each for each in weighing if each.outcome is outcome)
    planned = (facts.planned.id,) if facts.planned else ()
    return Verdict(
        item=exercise,
        subject=subject,
        outcome=outcome,
        reason=deciding.reason,
        sentence=clip(f"{subject}: {deciding.sentence}"),
        required=deciding.required,
        figures=tuple(each.figure for each in found if each.figure),
        rests_on=(*planned, *(each.record_id for each in found), *stream.end_ids),
    )


def _absent(node: str, exercise: str, stream: Stream, facts: Facts) -> Verdict:
    """No figure: SKIP when the engine has no such thing, else UNKNOWN with the reason."""
    outcome, reason, sentence = Outcome.UNKNOWN, "NoMeasurement", "its report holds no figure"
    if not_run := stream.not_run(exercise):
        outcome = Outcome.SKIP if not_run.outcome == "skip" else Outcome.UNKNOWN
        reason, sentence = f"Exercise{not_run.outcome.title()}", not_run.reason
    elif not stream.complete:
        reason, sentence = trouble_of(node, facts) or ("Incomplete", stream.problem)
    return Verdict(
        item=exercise,
        subject=Subject(node=node),
        outcome=outcome,
        reason=reason,
        sentence=clip(f"{node}: {exercise}: {sentence}"),
        required=outcome is not Outcome.SKIP,
        rests_on=stream.end_ids,
    )

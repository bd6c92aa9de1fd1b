"""
Does each device compute right? Any wrong element of a known answer is corruption.

A right answer counts only in a complete report; a wrong one counts wherever it stands.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from aiconform.catalogue import device_count
from aiconform.judge.facts import Facts
from aiconform.judge.states import trouble_of
from aiconform.judge.streams import Stream
from aiconform.judge.words import clip, counted
from aiconform.model.verdict import Figure, Outcome, Subject, Verdict, worst
from aiconform.model.wire import KnownAnswer

STREAM = "self"
SUFFIX = ".known_answer"
MEMORY_PATTERN = "memory.pattern"
HOST_DEVICE = "cpu"  # how engines call a node without accelerators

Answers = Sequence[tuple[str, KnownAnswer]]


def is_known_answer(exercise: str) -> bool:
    """Does it say of every device of the node whether it computes right?"""
    return exercise.endswith(SUFFIX)


def is_answer(exercise: str) -> bool:
    """Is it judged by whether what came out is exact, and not by a rate?"""
    return is_known_answer(exercise) or exercise == MEMORY_PATTERN


def wrong_answers(node: str, exercise: str, facts: Facts) -> Answers:
    """Those that are not exact, of an exercise that is judged by its rate beside."""
    return [(i, each) for i, each in _wrong(node, exercise, facts) if each.wrong_count > 0]


def judge_answers(node: str, exercise: str, facts: Facts) -> Iterator[Verdict]:
    """A verdict for each device that answered, and one for the node when some did not."""
    stream = facts.stream(node, STREAM)
    devices: dict[str, list[tuple[str, KnownAnswer]]] = defaultdict(list)
    for record_id, answer in stream.of(KnownAnswer):
        if answer.exercise == exercise:
            devices[answer.device].append((record_id, answer))
    for record_id, answer in _wrong(node, exercise, facts):
        if all(record_id != known for known, _ in devices[answer.device]):
            devices[answer.device].append((record_id, answer))
    for device, answers in sorted(devices.items()):
        yield _judge_device(node, device, exercise, answers, stream=stream, facts=facts)
    if missing := _missing(node, exercise, stream, answered=frozenset(devices), facts=facts):
        reason, sentence = missing
        # Every node computes; memory of their own have only nodes with accelerators.
        skipped = reason == "ExerciseSkip" and not is_known_answer(exercise)
        yield Verdict(
            item=exercise,
            subject=Subject(node=node),
            outcome=Outcome.SKIP if skipped else Outcome.UNKNOWN,
            reason=reason,
            sentence=clip(sentence),
            required=not skipped,
            rests_on=stream.end_ids,
        )


def expected_devices(node: str, facts: Facts) -> int:
    """Accelerators that the node's agent asked for; 0 on a node that has none."""
    group = facts.group_of.get(node)
    return device_count(group.resources) if group else 0


def _wrong(node: str, exercise: str, facts: Facts) -> Iterator[tuple[str, KnownAnswer]]:
    """Wrong answers in any start of the agent, finished or not."""
    for record_id, record in facts.wrong_answers.get(node, ()):
        if record.stream == STREAM and record.exercise == exercise:
            yield record_id, record


def _judge_device(
    node: str, device: str, exercise: str, answers: Answers, *, stream: Stream, facts: Facts
) -> Verdict:
    judged = [(*_judge_one(answer, stream), record_id) for record_id, answer in answers]
    outcome = worst(each[0] for each in judged)
    deciding = [each for each in judged if each[0] is outcome]
    passed = outcome is Outcome.PASS
    planned = (facts.planned.id,) if facts.planned else ()
    ids = tuple(record_id for record_id, _ in answers)
    return Verdict(
        item=exercise,
        subject=Subject(node=node, device=device),
        outcome=outcome,
        reason=deciding[0][1],
        sentence=clip(f"{node} {device}: {deciding[0][2]}"),
        figures=(
            Figure(
                metric="wrong_elements",
                value=float(sum(answer.wrong_count for _, answer in answers)),
                unit="count",
                compared_with=f"of {sum(answer.total_count for _, answer in answers)} elements",
            ),
        ),
        rests_on=(*planned, *ids, *stream.end_ids) if passed else ids,
    )


def _judge_one(answer: KnownAnswer, stream: Stream) -> tuple[Outcome, str, str]:
    wrong, total = answer.wrong_count, answer.total_count
    if answer.ok != (wrong == 0) or wrong > total:
        said = f"ok={answer.ok} with {wrong} wrong elements of {total}"
        return Outcome.UNKNOWN, "NotCredible", f"its report contradicts itself: {said}"
    if total == 0:
        return Outcome.UNKNOWN, "NothingChecked", "no element was checked"
    if wrong:
        what = f"{counted(wrong, 'wrong element')} of {total}"
        where = f" ({answer.detail})" if answer.detail else ""
        if answer.repeated is False:
            return Outcome.WARN, "SdcTransient", f"{what}, which a second call did not show{where}"
        if answer.exercise == MEMORY_PATTERN:
            return Outcome.FAIL, "MemoryPattern", f"its memory loses what is written: {what}{where}"
        return Outcome.FAIL, "Sdc", f"computes wrong results: {what}{where}"
    if not stream.complete:
        return Outcome.UNKNOWN, "Incomplete", f"answers right, but {stream.problem}"
    return Outcome.PASS, "Exact", f"all {total} elements are exact"


def _missing(
    node: str, exercise: str, stream: Stream, *, answered: frozenset[str], facts: Facts
) -> tuple[str, str] | None:
    """Why the node owes answers, if it does."""
    if not_run := stream.not_run(exercise):
        return f"Exercise{not_run.outcome.title()}", f"{node}: {exercise}: {not_run.reason}"
    expected = expected_devices(node, facts)
    accelerators = answered - {HOST_DEVICE}
    if expected > len(accelerators) and answered:
        said = f"{len(accelerators)} of {expected} accelerators answered"
        return "DevicesMissing", f"{node}: {exercise}: {said}"
    if answered:
        return None
    if stream.complete:
        return "NoAnswer", f"{node}: {exercise}: its report holds no answer"
    return trouble_of(node, facts) or ("Incomplete", f"{node}: {exercise}: {stream.problem}")

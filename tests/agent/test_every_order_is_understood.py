"""Whatever task the model can produce, the agent reads all of it."""

from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiconform.agent.errors import TaskError
from aiconform.agent.tasks import FinishTask, PairTask, SelfTask, parse_task
from aiconform.model import wire

NAMES = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._:/+-]{0,30}\Z")
SMALL = st.dictionaries(
    st.text(max_size=8),
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(-1e9, 1e9),
    max_size=4,
)
SELF_TASKS = st.builds(
    wire.SelfTask,
    id=NAMES,
    exercises=st.lists(
        st.builds(wire.ExerciseOrder, exercise=NAMES, limit_s=st.floats(0.001, 7200), params=SMALL),
        max_size=4,
    ).map(tuple),
)
PAIR_TASKS = st.builds(
    wire.PairTask,
    id=NAMES,
    round=st.integers(0, 9999),
    peer=NAMES,
    role=st.sampled_from(["listen", "connect"]),
    peer_address=st.sampled_from(["10.0.0.7", "fd00::7"]),
    port=st.integers(1024, 65535),
    streams=st.integers(1, 64),
    seconds=st.floats(0.001, 60),
    pings=st.integers(0, 100_000),
    ready_limit_s=st.floats(0.001, 600),
    limit_s=st.floats(0.001, 600),
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(SELF_TASKS | PAIR_TASKS | st.builds(wire.FinishTask, id=NAMES))
def test_task_of_the_model_is_read_field_by_field(task: wire.Task) -> None:
    sent = wire.TASK.dump_python(wire.TASK.validate_json(task.model_dump_json()), mode="json")

    understood = parse_task(sent)

    assert _plain(understood) == {key: value for key, value in sent.items() if key != "kind"}
    assert isinstance(understood, {"self": SelfTask, "pair": PairTask}.get(task.kind, FinishTask))


@pytest.mark.parametrize(
    "order",
    [
        None,
        [],
        {},
        {"kind": "dance", "id": "t1"},
        {"kind": "self", "id": "t1"},
        {"kind": "self", "id": "t1", "exercises": [{"exercise": "x", "limit_s": "soon"}]},
        {"kind": "pair", "id": "t1", "role": "lead"},
    ],
)
def test_order_that_makes_no_sense_is_refused(order: object) -> None:
    with pytest.raises(TaskError):
        parse_task(order)


def _plain(task: Any) -> dict[str, Any]:
    """As JSON has it: lists, not tuples."""
    plain = asdict(task)
    if "exercises" in plain:
        plain["exercises"] = list(plain["exercises"])
    return plain

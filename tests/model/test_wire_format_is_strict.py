"""What agents say comes back as it was said, and nothing else gets in."""

import json

import pytest
from hypothesis import given
from pydantic import ValidationError

from aiconform.model.wire import AGENT_RECORD, AgentRecord
from tests.support.journals import answer, measurement
from tests.support.strategies import agent_records


@given(agent_records())
def test_every_record_comes_back_as_it_was_said(record: AgentRecord) -> None:
    again = AGENT_RECORD.validate_json(record.model_dump_json())

    assert again == record


@given(agent_records())
def test_a_field_that_we_do_not_know_is_refused(record: AgentRecord) -> None:
    words = json.loads(record.model_dump_json()) | {"verdict": "PASS"}

    with pytest.raises(ValidationError, match="verdict"):
        AGENT_RECORD.validate_python(words)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_none_are_refused(number: str) -> None:
    text = measurement("memory.copy", 12.5).model_dump_json().replace("12.5", number, 1)

    with pytest.raises(ValidationError):
        AGENT_RECORD.validate_json(text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "verdict"},
        {"v": 2},
        {"seq": -1},
        {"wrong_count": -1},
        {"node": "../etc"},
        {"boot": "not hexadecimal"},
        {"stream": "Self"},
        {"detail": "x" * 2001},
        {"params": {str(number): number for number in range(65)}},
    ],
)
def test_records_out_of_bounds_are_refused(wrong: dict[str, object]) -> None:
    words = answer().model_dump() | wrong

    with pytest.raises(ValidationError):
        AGENT_RECORD.validate_python(words)

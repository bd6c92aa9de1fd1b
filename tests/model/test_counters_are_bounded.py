"""Counters of an agent are small, named once, and whole numbers."""

from typing import Any

import pytest
from pydantic import ValidationError

from aiconform.model.wire import AGENT_RECORD, MAX_COUNTED, MAX_RECORD_BYTES
from tests.support.records import counters


def each(count: int, **by: int) -> list[dict[str, Any]]:
    return [{"name": f"e{n}", "by": by} for n in range(count)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"interfaces": each(MAX_COUNTED + 1)},
        {"rdma_ports": each(MAX_COUNTED + 1)},
        {"interfaces": each(1) * 2},
        {"interfaces": [{"name": "x" * 257, "by": {}}]},
        {"interfaces": each(1, **{f"c{n}": 1 for n in range(49)})},
        {"interfaces": each(1, **{"../x": 1})},
        {"interfaces": each(1, **{"c" * 49: 1})},
        {"interfaces": each(1, tx_bytes=2**63)},
        {"interfaces": [{"name": "e", "by": {"tx_bytes": 0.5}}]},
        {"interfaces": [{"name": "e", "by": {"tx_bytes": None}}]},
        {"interfaces": [{"name": "e", "by": {}, "speed": 1}]},
        {"seconds": -1},
        {"left_out_count": -1},
        {"peer": "no name"},
        {"verdict": "PASS"},
    ],
)
def test_counters_out_of_bounds_are_refused(wrong: dict[str, Any]) -> None:
    words = counters("node2").model_dump() | wrong

    with pytest.raises(ValidationError):
        AGENT_RECORD.validate_python(words)


def test_largest_counters_that_an_agent_tells_fit_into_a_record() -> None:
    interfaces = each(MAX_COUNTED, **{f"a_counter_of_interfaces_{n:02d}": 2**62 for n in range(14)})
    ports = each(MAX_COUNTED, **{f"a_counter_of_a_port_{n:02d}": 2**62 for n in range(24)})
    words = counters("node2").model_dump() | {"interfaces": interfaces, "rdma_ports": ports}

    text = AGENT_RECORD.validate_python(words).model_dump_json()

    assert len(text) < MAX_RECORD_BYTES

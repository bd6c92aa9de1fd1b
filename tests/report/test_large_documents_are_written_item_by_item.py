"""A document of a hundred thousand verdicts is never held as a whole."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiconform.report.lines import json_lines

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), VALUES))
def test_reads_back_as_it_was(document: dict[str, Any]) -> None:
    assert json.loads(b"".join(json_lines(document))) == document


def test_items_are_asked_for_only_when_their_line_is_written() -> None:
    asked: list[int] = []

    def items() -> Iterator[int]:
        for number in range(3):
            asked.append(number)
            yield number

    lines = json_lines({"first": [], "items": items()})

    assert b"[]" in (next(lines), next(lines), next(lines))
    assert asked == []
    assert json.loads(b'{"first": []' + b"".join(lines)) == {"first": [], "items": [0, 1, 2]}


def test_number_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        list(json_lines({"value": float("nan")}))

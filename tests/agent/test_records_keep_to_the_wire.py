"""Whatever a machine or a framework says, the record it goes into is one that is taken."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiconform.agent.records import evidence, not_run, sentence, small, text
from aiconform.model.wire import MAX_EVIDENCE_BYTES, MAX_RECORD_BYTES
from tests.agent.support import Collected

ANYTHING = st.text(st.characters(), max_size=3000) | st.sampled_from(["\ud800", "\x00\x1b[31m"])


@given(ANYTHING)
def test_any_last_words_make_a_record(words: str) -> None:
    told = Collected()

    told.stream.add(evidence(words, words))
    told.stream.end([not_run("gemm.rate", "error", words)])

    assert len(told.records) == 2


@given(st.dictionaries(ANYTHING, st.none() | st.booleans() | st.floats() | ANYTHING, max_size=70))
def test_any_facts_make_a_record(facts: dict[str, object]) -> None:
    told = Collected("inventory")

    told.stream.add({"kind": "inventory", "host": small(facts)})

    assert len(told.of("inventory")[0].host) <= 64


@pytest.mark.parametrize("character", ["x", "\x07", '"', "\n", "é", "𝄞"])
def test_flood_of_output_is_cut_in_the_middle_and_fits(character: str) -> None:
    words = "first" + character * 1_000_000 + "last"
    told = Collected()

    told.stream.add(evidence("gemm.rate", words))

    (record,) = told.of("evidence")
    assert record.data.startswith("first")
    assert record.data.endswith("last")
    assert "characters left out" in record.data
    assert len(told.lines[0]) <= MAX_EVIDENCE_BYTES + MAX_RECORD_BYTES


def test_sequence_counts_without_gaps_and_the_end_knows_how_many() -> None:
    told = Collected()

    told.stream.add(evidence("a", "b"))
    told.stream.end()
    told.stream.add(evidence("a", "c"))
    told.stream.end()

    assert [record.seq for record in told.records] == [0, 1, 2, 3]
    assert [end.records for end in told.of("end")] == [1, 3]


def test_numbers_that_json_lacks_become_none() -> None:
    assert small({"a": float("nan"), "b": float("inf"), "c": 1.5}) == {
        "a": None,
        "b": None,
        "c": 1.5,
    }


def test_texts_are_bounded() -> None:
    assert len(text("x" * 999)) == 256
    assert len(sentence("x" * 9999)) == 2000
    assert json.dumps(text("\x1b[31m")) == '"\\ufffd[31m"'

"""Long texts and long lists are cut so that a person still reads what matters."""

from hypothesis import given
from hypothesis import strategies as st

from aiconform.judge.words import clip, counted, listed, number


@given(st.text(max_size=300), st.integers(10, 200))
def test_cut_texts_fit_and_keep_both_ends(text: str, limit: int) -> None:
    cut = clip(text, limit)

    assert len(cut) <= limit
    if len(text) <= limit:
        assert cut == text
    else:
        assert cut[0] == text[0]
        assert cut[-1] == text[-1]


def test_lists_read_as_a_person_would_say_them() -> None:
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(["a", "b", "c"], most=2) == "a, b and 1 more"


def test_counts_and_numbers() -> None:
    assert counted(1, "node") == "1 node"
    assert counted(0, "node") == "0 nodes"
    assert number(0.29999) == "0.3"
    assert number(12345.6) == "12346"

"""What chance allows is worked out exactly, in whole numbers."""

from aiconform.checks.ai_inference.chance import likely_counts
from aiconform.checks.ai_inference.split import split_answer
from aiconform.model.outcome import Outcome

UIDS = {"a": "ua", "b": "ub"}


def test_bounds_are_those_of_the_exact_binomial_distribution() -> None:
    assert likely_counts(400, of=20, among=100) == (50, 112)
    assert likely_counts(1000, of=20, among=100) == (152, 251)


def test_ten_requests_cannot_tell_eighty_from_fifty() -> None:
    least, most = likely_counts(10, of=20, among=100)
    assert least <= 5 <= most


def _load(a: int, b: int) -> dict[str, object]:
    return {"asked": a + b, "at_backends": {"a": a, "b": b}, "by_status": {"200": a + b},
            "by_pod_uid": {"ua": a, "ub": b}, "troubles": {}}  # fmt: skip


def test_share_within_chance_passes_and_tells_both_halves() -> None:
    found = split_answer({"w2-new": _load(160, 40), "w2-kept": _load(150, 50)}, UIDS)
    assert found.outcome is Outcome.PASS
    assert "new connections 40 of 200, kept 50 of 200" in found.sentence


def test_kept_connections_alone_do_not_make_a_split() -> None:
    found = split_answer({"w2-new": _load(200, 0), "w2-kept": _load(120, 80)}, UIDS)
    assert (found.outcome, found.reason) == (Outcome.FAIL, "ShareUnlikely")


def test_share_beyond_chance_fails() -> None:
    found = split_answer({"w2-new": _load(100, 100), "w2-kept": _load(100, 100)}, UIDS)
    assert (found.outcome, found.reason) == (Outcome.FAIL, "ShareUnlikely")

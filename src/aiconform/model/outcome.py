"""The closed set of verdicts, and how many of them make one."""

from collections.abc import Iterable
from enum import StrEnum


class Outcome(StrEnum):
    """The closed set of verdicts. SKIP: does not apply here. UNKNOWN: could not be tested."""

    PASS = "PASS"
    FAIL = "FAIL"
    WARN = "WARN"
    SKIP = "SKIP"
    UNKNOWN = "UNKNOWN"
    ERROR = "ERROR"


WORST_FIRST = (
    Outcome.FAIL,
    Outcome.ERROR,
    Outcome.UNKNOWN,
    Outcome.WARN,
    Outcome.PASS,
    Outcome.SKIP,
)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Roll outcomes up: FAIL > ERROR > UNKNOWN > WARN > PASS > SKIP; nothing at all is UNKNOWN."""
    seen = set(outcomes)
    return next((outcome for outcome in WORST_FIRST if outcome in seen), Outcome.UNKNOWN)

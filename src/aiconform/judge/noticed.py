"""What counters showed to be wrong: one thing, where, and why we say so."""

from dataclasses import dataclass
from typing import Literal

from aiconform.model.verdict import Outcome, Subject

# Of the findings that the item `counters` is made of.
COUNTER_CODES = frozenset({"AIC-NET-012", "AIC-NET-013", "AIC-PORT-003"})


@dataclass(frozen=True)
class Noticed:
    """It becomes a finding, and weighs in the item `counters` of its node, or of the cluster."""

    outcome: Literal[Outcome.FAIL, Outcome.WARN]
    code: str
    reason: str
    subject: Subject
    sentence: str
    rests_on: tuple[str, ...] = ()

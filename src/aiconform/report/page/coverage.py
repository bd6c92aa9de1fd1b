"""What was tested and what was not, and why."""

from collections import Counter
from dataclasses import dataclass

from aiconform.model.verdict import Judgement, LedgerState
from aiconform.report.page.tables import Column, Table

_DONE = frozenset({LedgerState.TESTED, LedgerState.COVERED})


@dataclass(frozen=True)
class Coverage:
    """`counts`: kind → one count for each state."""

    states: tuple[str, ...]
    counts: tuple[tuple[str, tuple[int, ...]], ...]
    ledger: Table


def coverage(judgement: Judgement) -> Coverage:
    found = Counter((entry.kind, entry.state) for entry in judgement.ledger)
    states = tuple(state for state in LedgerState if any(key[1] is state for key in found))
    kinds = dict.fromkeys(entry.kind for entry in judgement.ledger)
    return Coverage(
        states=tuple(state.value.replace("_", " ") for state in states),
        counts=tuple((kind, tuple(found[kind, state] for state in states)) for kind in kinds),
        ledger=_ledger(judgement),
    )


def _ledger(judgement: Judgement) -> Table:
    ordered = sorted(judgement.ledger, key=lambda e: (e.state in _DONE, e.kind, e.name))
    rows = [(e.state.value, e.kind, e.name, e.reason or "", e.sentence) for e in ordered]
    columns = (Column("State"), Column("Kind"), Column("Name"), Column("Reason"), Column("Why"))
    return Table("ledger", "Every node, accelerator and pair; what is missing first", columns, rows)

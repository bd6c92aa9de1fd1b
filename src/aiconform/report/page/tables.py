"""
Long tables. The page holds their worst rows as HTML; the script turns the leaves of the rest.

So a reader without the script, and a printer, sees what matters; 16,000 rows cost nothing to open.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

FIRST_ROWS = 12

Kind = Literal["outcome", "node", "text"]


@dataclass(frozen=True)
class Column:
    """`outcome`: a verdict's word; `node`: a node's name, which opens its details."""

    title: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Table:
    """Rows in the order in which they matter. `caption` says what they are."""

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[str]]

    @property
    def first(self) -> Sequence[Sequence[str]]:
        return self.rows[:FIRST_ROWS]

    @property
    def is_long(self) -> bool:
        return len(self.rows) > FIRST_ROWS

    @property
    def outcomes(self) -> list[str]:
        """The outcomes that occur, in the rows' order."""
        at = next((i for i, column in enumerate(self.columns) if column.kind == "outcome"), None)
        return [] if at is None else list(dict.fromkeys(row[at] for row in self.rows))

    def payload(self) -> dict[str, Any]:
        """What the script needs of it."""
        return {"kinds": [column.kind for column in self.columns], "rows": self.rows}


VERDICT = Column("Verdict", "outcome")
FIGURES = Column("Figures")
WHY = Column("Why")

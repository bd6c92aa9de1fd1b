"""The nodes at a glance: one cell each, coloured by verdict, grouped by where they stand."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiconform.model.outcome import WORST_FIRST
from aiconform.model.verdict import Judgement, Outcome
from aiconform.report.page.marks import SIGNS, Drawing, box, outcome_sign, path
from aiconform.report.page.topology import Domain, Topology

CHIP_NODES = 80  # up to here each node is a button with its name
CELL, GAP = 12, 2
_WIDEST_COLUMNS = 64


@dataclass(frozen=True)
class Chip:
    node: str
    outcome: str
    sign: str


@dataclass(frozen=True)
class Cells:
    """A drawing of equal cells; `names` are their nodes, row by row, for the script."""

    drawing: Drawing
    columns: int
    names: tuple[str, ...]

    def payload(self) -> dict[str, Any]:
        return {"columns": self.columns, "step": CELL + GAP, "names": self.names}


@dataclass(frozen=True)
class Block:
    """One domain: chips when the cluster is small, else cells."""

    id: str
    name: str
    told: str
    chips: tuple[Chip, ...]
    cells: Cells | None


def node_blocks(judgement: Judgement, found: Topology) -> list[Block]:
    outcomes = node_outcomes(judgement)
    small = sum(len(domain.nodes) for domain in found.domains) <= CHIP_NODES
    return [
        _block(f"grid-{number}", domain, outcomes, small=small)
        for number, domain in enumerate(found.domains)
    ]


def node_outcomes(judgement: Judgement) -> dict[str, Outcome]:
    return {v.subject.node: v.outcome for v in judgement.verdicts
            if v.item == "node" and v.subject.node}  # fmt: skip


def counted(outcomes: Sequence[Outcome]) -> str:
    """`2 FAIL, 14 PASS`."""
    return ", ".join(f"{outcomes.count(o)} {o.value}" for o in WORST_FIRST if o in outcomes)


def cells(names: Sequence[str], kinds: Sequence[tuple[str, Outcome | None]], label: str) -> Cells:
    """Cells of (css class, what its sign tells), row by row, about three times as wide as high."""
    columns = max(1, min(_WIDEST_COLUMNS, math.ceil(math.sqrt(3 * len(names)))))
    shapes: dict[str, list[str]] = {}
    signs: list[str] = []
    for i, (css, outcome) in enumerate(kinds):
        x, y = (i % columns) * (CELL + GAP), (i // columns) * (CELL + GAP)
        shapes.setdefault(css, []).append(box(x, y, CELL, CELL))
        if outcome is not None:
            signs.append(outcome_sign(outcome, x, y, CELL))
    marks = [mark for css, pieces in shapes.items() for mark in path(css, pieces)]
    height = math.ceil(len(names) / columns) * (CELL + GAP)
    drawing = Drawing(
        columns * (CELL + GAP), height, label, (*marks, *path("sign", signs))
    )  # fmt: skip
    return Cells(drawing, columns, tuple(names))


def _block(name: str, domain: Domain, outcomes: Mapping[str, Outcome], *, small: bool) -> Block:
    found = [outcomes.get(node, Outcome.UNKNOWN) for node in domain.nodes]
    told = counted(found)
    if small:
        chips = tuple(
            Chip(node, o.value, SIGNS[o]) for node, o in zip(domain.nodes, found, strict=True)
        )
        return Block(name, domain.name, told, chips, None)
    kinds = [(f"f-{o.value}", o) for o in found]
    label = f"{len(found)} nodes: {told}"
    return Block(name, domain.name, told, (), cells(domain.nodes, kinds, label))

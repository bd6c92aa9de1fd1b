"""Shapes of a drawing: numbers only, so nothing in them needs escaping. Units are CSS pixels."""

from collections.abc import Iterable
from dataclasses import dataclass

from aiconform.model.verdict import Outcome

# Beside its colour, each verdict has a sign of its own.
SIGNS = {
    Outcome.PASS: "✓",
    Outcome.FAIL: "✗",
    Outcome.WARN: "!",
    Outcome.UNKNOWN: "?",
    Outcome.ERROR: "E",
    Outcome.SKIP: "–",
}


@dataclass(frozen=True)
class Mark:
    """One path. `css` chooses its colour for light, dark and print."""

    css: str
    d: str


@dataclass(frozen=True)
class Drawing:
    """An SVG image: what it shows in one sentence, and its shapes from back to front."""

    width: float
    height: float
    label: str
    marks: tuple[Mark, ...]


def box(x: float, y: float, width: float, height: float) -> str:
    return f"M{x:g} {y:g}h{width:g}v{height:g}h{-width:g}z"


def cross(x: float, y: float, size: float) -> str:
    return f"M{x:g} {y:g}l{size:g} {size:g}m{-size:g} 0l{size:g} {-size:g}"


def line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f"M{x1:g} {y1:g}L{x2:g} {y2:g}"


def path(css: str, pieces: Iterable[str]) -> list[Mark]:
    """One mark of all the pieces, or none when there are none."""
    d = "".join(pieces)
    return [Mark(css, d)] if d else []


def outcome_sign(outcome: Outcome, x: float, y: float, size: float) -> str:
    """The same distinction as by colour, for cells too small for a letter."""
    inset = size * 0.25
    inner = size - 2 * inset
    match outcome:
        case Outcome.FAIL | Outcome.ERROR:
            return cross(x + inset, y + inset, inner)
        case Outcome.UNKNOWN:
            return line(x + inset, y + size / 2, x + size - inset, y + size / 2)
        case Outcome.WARN:
            return line(x + size / 2, y + inset, x + size / 2, y + size - inset)
        case Outcome.PASS | Outcome.SKIP:
            return ""

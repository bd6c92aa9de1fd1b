"""Sentences: how numbers, lists and long texts are written in verdicts and findings."""

from collections.abc import Sequence

LIMIT = 2000


def clip(text: str, limit: int = LIMIT) -> str:
    """Cut in the middle: the beginning says what, the end often says why."""
    if len(text) <= limit:
        return text
    half = (limit - 3) // 2
    return f"{text[:half]} … {text[-half:]}"[:limit]


def listed(names: Sequence[str], most: int = 8) -> str:
    """`a, b and c`; of very many, the first and how many more."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def counted(count: int, noun: str) -> str:
    """`1 node`, `3 nodes`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def number(value: float) -> str:
    """Three digits that matter."""
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"

"""What every suite shares: figures with units, and the file that tables in the docs come from."""

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"
SPEED = Path(__file__).resolve().parent.parent / "docs" / "explanation-speed.md"


@dataclass(frozen=True)
class Measured:
    """One figure: the median of `samples`, all in `unit`."""

    name: str
    unit: str
    value: float
    samples: tuple[float, ...]
    compared_with: str = ""


def measured(name: str, unit: str, samples: Sequence[float], compared_with: str = "") -> Measured:
    rounded = tuple(round(sample, 3) for sample in samples)
    return Measured(name, unit, round(statistics.median(samples), 3), rounded, compared_with)


def write(
    suite: str,
    figures: Sequence[Measured],
    versions: dict[str, str],
    *,
    notes: Sequence[str] = (),
) -> Path:
    """
    Write one suite's results and print them.

    Args:
        notes: What else must be known of the machine as it was.
    """
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{suite}.json"
    document: dict[str, Any] = {
        "suite": suite,
        "machine": {
            "cores": os.cpu_count(),
            "memory_gibibytes": round(
                os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
            ),
            "architecture": platform.machine(),
        },
        "versions": {"python": platform.python_version(), **versions},
        **({"notes": list(notes)} if notes else {}),
        "figures": [asdict(figure) for figure in figures],
    }
    path.write_text(json.dumps(document, indent=2) + "\n")
    for figure in figures:
        print(f"{figure.name:50} {figure.value:10.3f} {figure.unit:12} {figure.compared_with}")
    return path


def replaced(page: Path, text: str, name: str, table: str) -> str:
    """
    The text of a page with a table between its marks.

    Raises:
        ValueError: The page lacks the marks.
    """
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, mark, rest = text.partition(begin)
    _, end_mark, after = rest.partition(end)
    if not mark or not end_mark:
        raise ValueError(f"{page.name} has no place for the table {name}")
    return f"{before}{begin}\n{table}\n\n{end}{after}"


def publish(page: Path, name: str, figures: Sequence[Measured]) -> None:
    """
    Write the figures as the table of this name into a page of the docs.

    Raises:
        ValueError: The page lacks the marks.
    """
    rows = [f"| {f.name} | {f.value:,.3g} {f.unit} | {f.compared_with} |" for f in figures]
    table = "\n".join(["| what | median | compared with |", "|---|---|---|", *rows])
    page.write_text(replaced(page, page.read_text(), name, table))

"""`aiconform run --rerun-failed`: an earlier result turned into values that narrow the run."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiconform.cli.show import note
from aiconform.report.rerun import Again, what_did_not_pass


def read_again(results: Path) -> Again:
    """
    Judge an earlier result anew and say what of it did not pass.

    Raises:
        ResultsError: It is no result.
        ConfigError: It did not pass as a whole, and for no part that could be named.
    """
    from aiconform.report import load_results
    from aiconform.report.again import judge_again

    loaded = load_results(results)
    for damage in loaded.damage:
        note(f"damaged: {damage}")
    again = what_did_not_pass(judge_again(loaded))
    for line in again.lines():
        note(line)
    return again


@contextmanager
def narrowed(again: Again | None) -> Iterator[tuple[str, ...]]:
    """Values files for Helm, while they are needed; none without an earlier result."""
    if again is None:
        yield ()
        return
    with tempfile.TemporaryDirectory(prefix="aiconform-") as scratch:
        path = Path(scratch) / "rerun.json"  # JSON is YAML
        path.write_text(json.dumps(again.values()))
        yield (str(path),)

"""
Results read back: a tarball, a directory or a journal alone. Nothing in them is trusted.

The journal is the run: it alone is read, and judged anew. A line that cannot be trusted is left
out and reported.
"""

import gzip
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aiconform.journal import Replay, replay
from aiconform.model.errors import ResultsError
from aiconform.model.records import Entry, RunOpened
from aiconform.report.archive import BOUNDS, Bounds, extract
from aiconform.report.files import LIVE_JOURNAL

_BLOCK_BYTES = 1 << 20
_JOURNAL_BYTES = 1 << 30
# The finished journal first: the live one may lack what came last.
_JOURNALS = (f"{LIVE_JOURNAL}.gz", LIVE_JOURNAL)
_HINT = "Give the tarball, the directory or the journal that a run wrote"


@dataclass(frozen=True)
class Results:
    """A run's facts, and a sentence for everything in its journal that cannot be trusted."""

    run: str
    entries: tuple[Entry, ...]
    damage: tuple[str, ...] = ()


def load_results(path: Path, *, bounds: Bounds = BOUNDS) -> Results:
    """
    Raises:
        ResultsError: There is no journal, or the archive is one that we refuse to unpack.
    """
    if not path.exists():
        raise ResultsError(f"{path} does not exist", hint=_HINT)
    if path.is_dir():
        return _from_directory(path)
    if not _is_archive(path):
        return _from_journal(path)
    with tempfile.TemporaryDirectory(prefix="aiconform-") as scratch:
        with path.open("rb") as file:
            extract(file, Path(scratch), bounds=bounds)
        return _from_directory(Path(scratch), told=str(path))


def _from_directory(directory: Path, *, told: str = "") -> Results:
    for name in _JOURNALS:
        found = sorted({*directory.glob(name), *directory.glob(f"*/{name}")})
        if len(found) > 1:
            runs = ", ".join(path.parent.name for path in found)
            raise ResultsError(f"{told or directory} holds several runs ({runs})", hint=_HINT)
        if found:
            return _from_journal(found[0])
    raise ResultsError(f"{told or directory} holds no journal", hint=_HINT)


def _from_journal(path: Path) -> Results:
    with _plain(path) as plain:
        found = replay(plain)
    if not found.entries:
        raise ResultsError(f"{path} holds not one sound journal line", hint=_HINT)
    return Results(run=_run(found), entries=found.entries, damage=tuple(_damage(path, found)))


def _damage(path: Path, found: Replay) -> Iterator[str]:
    for damage in found.damage:
        yield f"{path.name}, line {damage.line}: {damage.problem}"
    if found.torn_bytes:
        yield f"{path.name}: the last line is torn, {found.torn_bytes} bytes are left out"


def _run(found: Replay) -> str:
    opened = (e.record for e in found.entries if isinstance(e.record, RunOpened))
    return next((record.run for record in opened), "unnamed")


def _is_archive(path: Path) -> bool:
    """Whether it is a tar, plain or gzip; a journal begins with a brace."""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as file:
            return file.read(1) != b"{"
    except (OSError, EOFError, zlib.error) as exc:
        raise ResultsError(f"cannot read {path}: {exc}", hint=_HINT) from exc


@contextmanager
def _plain(path: Path) -> Iterator[Path]:
    """The journal unpacked, unless it unpacks to more than any run writes."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    if not packed:
        yield path
        return
    with tempfile.NamedTemporaryFile(prefix="aiconform-", suffix=".ndjson") as out:
        total_bytes = 0
        try:
            with gzip.open(path) as source:
                while block := source.read(_BLOCK_BYTES):
                    total_bytes += len(block)
                    if total_bytes > _JOURNAL_BYTES:
                        raise ResultsError(f"{path} unpacks to more than any journal holds")
                    out.write(block)
        except (EOFError, zlib.error, gzip.BadGzipFile) as exc:
            raise ResultsError(f"{path} is damaged: {exc}", hint=_HINT) from exc
        out.flush()
        yield Path(out.name)

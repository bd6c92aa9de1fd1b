"""Files that are there whole or not at all, and the sums that prove them."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from aiconform.model.errors import ResultsError

SUMS = "SHA256SUMS"
SIGNATURE = "SHA256SUMS.minisig"
LIVE_JOURNAL = "journal.ndjson"  # still grows while the results are made
_BLOCK_BYTES = 1 << 20


def write_file(path: Path, chunks: Iterable[bytes], *, sync: bool = True) -> None:
    """
    Write beside the target and rename. A file that was there stays when this fails.

    Args:
        sync: Whether it must be on the disk, and not only on its way, when this returns.

    Raises:
        ResultsError: The volume is full or cannot be written.
    """
    beside = path.with_name(f".{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb", buffering=_BLOCK_BYTES) as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        beside.replace(path)
    except OSError as exc:
        raise unwritable(path, exc) from exc
    finally:
        beside.unlink(missing_ok=True)


def unwritable(path: Path, exc: OSError) -> ResultsError:
    return ResultsError(
        f"cannot write {path}: {exc.strerror or exc}",
        hint="Free space there or, in the cluster, give the volume more (results.size)",
    )


def sha256(path: Path) -> str:
    """
    Raises:
        ResultsError: The file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
    except OSError as exc:
        raise ResultsError(f"cannot read {path}: {exc.strerror or exc}") from exc
    return digest.hexdigest()


def result_files(directory: Path) -> list[Path]:
    """What belongs to the results: regular files, without the live journal and half-made ones."""
    found = [p for p in directory.rglob("*") if p.is_file() and not p.is_symlink()]
    return sorted(p for p in found if not _left_out(p.relative_to(directory)))


def write_sums(directory: Path) -> None:
    """Write SHA256SUMS as `sha256sum -c` reads it."""
    write_file(directory / SUMS, list(_sum_lines(directory)))


def verify(directory: Path) -> None:
    """
    Hold a results directory to its SHA256SUMS.

    Raises:
        ResultsError: Names each file that is changed, missing or not listed.
    """
    listed = _listed(directory)
    present = {p.relative_to(directory).as_posix() for p in result_files(directory)}
    problems = [f"{name} is not listed" for name in sorted(present - listed.keys())]
    for name, expected in sorted(listed.items()):
        if name not in present:
            problems.append(f"{name} is missing")
        elif sha256(directory / name) != expected:
            problems.append(f"{name} was changed")
    if problems:
        raise ResultsError(
            f"{directory} does not match its {SUMS}: {', '.join(problems)}",
            hint="Fetch the results again",
        )


def _left_out(relative: Path) -> bool:
    return relative.name.startswith(".") or relative.as_posix() in {SUMS, SIGNATURE, LIVE_JOURNAL}


def _sum_lines(directory: Path) -> Iterator[bytes]:
    for path in result_files(directory):
        yield f"{sha256(path)}  {path.relative_to(directory).as_posix()}\n".encode()


def _listed(directory: Path) -> dict[str, str]:
    sums = directory / SUMS
    try:
        lines = sums.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise ResultsError(f"cannot read {sums}: {exc}", hint="Fetch the results again") from exc
    pairs = [line.split("  ", 1) for line in lines]
    if any(len(pair) != 2 for pair in pairs):
        raise ResultsError(f"{sums} has a line that is not 'sum  name'")
    return {name: expected for expected, name in pairs}

"""
The tarball: a results directory as one file, the same bytes for the same contents.

Unpacking trusts nothing: no path out of the directory, no link, no device, no bomb. What is
refused leaves nothing behind.
"""

import gzip
import io
import json
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, Self, cast

from aiconform.model.errors import ResultsError
from aiconform.report.files import SIGNATURE, SUMS, result_files, sha256, unwritable

_NO_TIME_S = 315_532_800  # 1980, when the results do not say when they were made
_BLOCK_BYTES = 1 << 20
_LEVEL = 4  # 6 takes twice as long for a tenth
_LONGEST_HEADER_BYTES = 1 << 16
_CONTENT_TYPES = frozenset({*tarfile.REGULAR_TYPES, tarfile.DIRTYPE})


@dataclass(frozen=True)
class Bounds:
    """How much an archive may unpack to."""

    members: int = 100_000
    total_bytes: int = 4 << 30
    depth: int = 8


BOUNDS = Bounds()


def archive(directory: Path, tarball: Path) -> str:
    """
    Pack a results directory; entries lie under `<directory's name>/`.

    Returns:
        SHA-256 of the tarball, in hex.

    Raises:
        ResultsError: The volume is full or cannot be written; no half tarball stays.
    """
    beside = tarball.with_name(f".{tarball.name}.tmp")
    try:
        with beside.open("wb") as file:
            _pack(directory, file)
        beside.replace(tarball)
    except OSError as exc:
        raise unwritable(tarball, exc) from exc
    finally:
        beside.unlink(missing_ok=True)
    return sha256(tarball)


def unpack(tarball: Path, into: Path, *, bounds: Bounds = BOUNDS) -> Path:
    """
    Unpack results into `into/<run>/`, replacing what is there only when all went well.

    Returns:
        The directory of the run.

    Raises:
        ResultsError: Not an archive, a member that we refuse, or too much.
    """
    into.mkdir(parents=True, exist_ok=True)
    with _temporary(into) as scratch:
        with tarball.open("rb") as file:
            extract(file, scratch, bounds=bounds)
        found = sorted(scratch.iterdir())
        if len(found) != 1 or not found[0].is_dir():
            raise _refused(tarball.name, "it does not hold exactly one run")
        target = into / found[0].name
        if target.exists():
            shutil.rmtree(target)
        found[0].replace(target)
    return target


def extract(file: BinaryIO, into: Path, *, bounds: Bounds = BOUNDS) -> None:
    """
    Extract a tar stream, plain or gzip, into an empty directory.

    Raises:
        ResultsError: Not an archive, a member that we refuse, or too much.
    """
    name = Path(getattr(file, "name", "the archive")).name
    try:
        source = _bounded(file, bounds, name)
        with tarfile.open(fileobj=source, mode="r|", tarinfo=_BoundedInfo) as tar:
            _extract_all(tar, into, bounds, name)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as exc:
        raise _refused(name, f"it is damaged or no archive ({exc})") from exc
    except OSError as exc:
        raise unwritable(into, exc) from exc


def _pack(directory: Path, file: BinaryIO) -> None:
    members = [*result_files(directory), *_proofs(directory)]
    mtime_s = _made_at_s(directory)
    # No name and no time in the gzip header: they would differ each time.
    with (
        gzip.GzipFile(
            filename="", fileobj=file, mode="wb", mtime=0, compresslevel=_LEVEL
        ) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in members:
            inside = f"{directory.name}/{path.relative_to(directory).as_posix()}"
            info = tarfile.TarInfo(inside)
            info.size, info.mode, info.mtime = path.stat().st_size, 0o644, mtime_s
            with path.open("rb") as content:
                tar.addfile(info, content)


def _proofs(directory: Path) -> list[Path]:
    return [path for name in (SUMS, SIGNATURE) if (path := directory / name).exists()]


def _made_at_s(directory: Path) -> int:
    """When the run ended, so that unpacked files bear a useful date."""
    try:
        with (directory / "summary.json").open() as summary:
            facts = _line_of(summary, "facts")
        return max(int(facts["finished_at"]), _NO_TIME_S)
    except (OSError, ValueError, KeyError, TypeError, StopIteration):
        return _NO_TIME_S


def _line_of(document: Iterable[str], key: str) -> Any:
    """The value of a key; read to its line only, for of thousands of nodes the rest is large."""
    head = f"  {json.dumps(key)}: "
    line = next(line for line in document if line.startswith(head))
    return json.loads(line.removeprefix(head).rstrip().removesuffix(","))


def _bounded(file: BinaryIO, bounds: Bounds, name: str) -> IO[bytes]:
    packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    source = cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if packed else file
    # Headers and padding: up to 3 blocks of 512 bytes for each member, PAX twice that.
    limit = bounds.total_bytes + bounds.members * 4096
    return io.BufferedReader(_Limited(source, limit, name))


class _BoundedInfo(tarfile.TarInfo):
    """A header whose long names are read into memory, so their size has a bound of its own."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        info = super().frombuf(buf, encoding, errors)
        if info.type not in _CONTENT_TYPES and info.size > _LONGEST_HEADER_BYTES:
            raise tarfile.ReadError("a header that is too long")
        return info


class _Limited(io.RawIOBase):
    """Stops a stream that unpacks to more than it may, before it reaches the disk."""

    def __init__(self, source: IO[bytes], limit_bytes: int, name: str) -> None:
        self._source, self._left, self._name = source, limit_bytes, name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]  # RawIOBase promises a buffer
        data = self._source.read(min(len(view), _BLOCK_BYTES))
        self._left -= len(data)
        if self._left < 0:
            raise _refused(self._name, "it unpacks to more than the limit")
        view[: len(data)] = data
        return len(data)


def _extract_all(tar: tarfile.TarFile, into: Path, bounds: Bounds, name: str) -> None:
    total_bytes, seen = 0, set()
    for number, member in enumerate(tar):
        total_bytes += member.size
        if number >= bounds.members or total_bytes > bounds.total_bytes:
            raise _refused(name, "it holds more than the limit")
        path = _inside(member, bounds, name)
        if path == PurePosixPath("."):
            continue
        if member.isdir():
            (into / path).mkdir(parents=True, exist_ok=True)
            continue
        if path in seen:
            raise _refused(name, f"{member.name!r} is there twice")
        seen.add(path)
        (into / path.parent).mkdir(parents=True, exist_ok=True)
        content = tar.extractfile(member)
        assert content is not None  # _inside let only regular files and directories through
        with (into / path).open("xb") as out:
            shutil.copyfileobj(content, out, _BLOCK_BYTES)


def _inside(member: tarfile.TarInfo, bounds: Bounds, name: str) -> PurePosixPath:
    """The member's path, once it is known to stay inside and to be a plain file or directory."""
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or len(path.parts) > bounds.depth:
        raise _refused(name, f"{member.name!r} leads out of the directory")
    if not member.name.isprintable() or "\\" in member.name:
        raise _refused(name, f"{member.name!r} is no name for a file")
    if not (member.isreg() or member.isdir()):
        raise _refused(name, f"{member.name!r} is neither a file nor a directory")
    if member.issparse():
        raise _refused(name, f"{member.name!r} is sparse")
    return path


@contextmanager
def _temporary(beside: Path) -> Iterator[Path]:
    """On the same volume as the target, so that the last step is a rename."""
    with tempfile.TemporaryDirectory(prefix=".unpack-", dir=beside) as scratch:
        yield Path(scratch)


def _refused(name: str, problem: str) -> ResultsError:
    return ResultsError(
        f"{name} is refused: {problem}",
        hint="Use the tarball, directory or journal that a run of aiconform wrote",
    )

"""
HTTP/1.1 messages, for server and client alike: heads as they were sent, bodies piece by piece.

Written here because proofs hang on what libraries tidy up: the case and order of header names,
which request opened a connection, when each piece of a stream arrived. Ambiguous messages (two
lengths, folded headers) are refused, never guessed at.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from aiconform.workload.errors import MessageError

Headers = Sequence[tuple[str, str]]
Framing = int | Literal["chunked", "until close"]  # an int is the body's length in bytes

PIECE_BYTES = 64 * 1024
HEAD_BYTES = 32 * 1024
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


@dataclass(frozen=True)
class Head:
    """The first line's three words and the headers, in order and in the case they came in."""

    first: tuple[str, str, str]
    headers: tuple[tuple[str, str], ...]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def one(self, name: str) -> str | None:
        """The first value of a header, whatever the case of its name."""
        return next(iter(self.all(name)), None)

    def words(self, name: str) -> set[str]:
        """The comma-separated words of a header, in lower case."""
        return {word.strip().lower() for value in self.all(name) for word in value.split(",")}


async def read_head(reader: asyncio.StreamReader, *, begun: bytes = b"") -> Head | None:
    """
    Args:
        begun: What was read of it before.

    Returns: None when the other side closed before it sent anything.

    Raises:
        MessageError: Malformed, longer than the reader's limit, or cut short.
    """
    try:
        raw = begun + await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as exc:
        if not (begun + exc.partial):
            return None
        raise MessageError("closed within the head", cut_short=True) from exc
    except asyncio.LimitOverrunError as exc:
        raise MessageError("the head is too long", status=431) from exc
    return parse_head(raw)


def parse_head(raw: bytes) -> Head:
    """
    Raises:
        MessageError: The first line lacks words, or a header line is malformed or folded.
    """
    first, *lines = raw.strip(b"\r\n").split(b"\r\n")
    words = first.split(b" ", 2)
    if len(words) == 2:
        words.append(b"")  # a status line may come without a reason
    if len(words) != 3:
        raise MessageError("the first line does not have three words")
    one, two, three = (word.decode("latin-1") for word in words)
    return Head((one, two, three), tuple(_parse_line(line) for line in lines))


def _parse_line(line: bytes) -> tuple[str, str]:
    name, colon, value = line.partition(b":")
    if not colon or not _TOKEN.fullmatch(name) or any(c in value for c in b"\r\n\0"):
        raise MessageError(f"malformed header line {line[:80]!r}")
    return name.decode("ascii"), value.strip(b" \t").decode("latin-1")


def framing_of(head: Head, *, otherwise: Framing) -> Framing:
    """
    How long is the body? `otherwise` says what no header at all means.

    Raises:
        MessageError: Two answers, or one that is no number.
    """
    lengths = set(head.all("content-length"))
    coding = head.words("transfer-encoding")
    if coding and lengths:
        raise MessageError("both Content-Length and Transfer-Encoding")
    if coding:
        if coding != {"chunked"}:
            raise MessageError(f"transfer coding {sorted(coding)} is not known", status=501)
        return "chunked"
    if not lengths:
        return otherwise
    length = lengths.pop()
    if lengths or not (length.isascii() and length.isdecimal()) or len(length) > 15:
        raise MessageError("Content-Length is no number, or two different ones")
    return int(length)


async def read_pieces(
    reader: asyncio.StreamReader, framing: Framing, *, limit_bytes: int
) -> AsyncIterator[bytes]:
    """
    The body as it arrives; a chunk comes whole, and nothing is ever empty.

    Raises:
        MessageError: Larger than `limit_bytes` (status 413), malformed, or cut short.
    """
    left = limit_bytes
    if isinstance(framing, int) and framing > limit_bytes:
        raise MessageError(f"the body has more than {limit_bytes} bytes", status=413)
    try:
        async for piece in _pieces(reader, framing, most=limit_bytes):
            left -= len(piece)
            if left < 0:
                raise MessageError(f"the body has more than {limit_bytes} bytes", status=413)
            yield piece
    except asyncio.IncompleteReadError as exc:
        raise MessageError("closed within the body", cut_short=True) from exc


async def _pieces(
    reader: asyncio.StreamReader, framing: Framing, *, most: int
) -> AsyncIterator[bytes]:
    if framing == "until close":
        while piece := await reader.read(PIECE_BYTES):
            yield piece
    elif framing == "chunked":
        while size := await _chunk_size(reader):
            if size > most:
                raise MessageError(f"the body has more than {most} bytes", status=413)
            yield await reader.readexactly(size)
            if await reader.readexactly(2) != b"\r\n":
                raise MessageError("a chunk is longer than it said")
        await _skip_trailer(reader)
    else:
        while framing:
            piece = await reader.read(min(framing, PIECE_BYTES))
            if not piece:
                raise asyncio.IncompleteReadError(b"", framing)
            framing -= len(piece)
            yield piece


async def _chunk_size(reader: asyncio.StreamReader) -> int:
    digits = (await _line(reader)).partition(b";")[0].strip()
    if not re.fullmatch(rb"[0-9A-Fa-f]{1,12}", digits):
        raise MessageError(f"malformed chunk size {digits[:20]!r}")
    return int(digits, 16)


async def _skip_trailer(reader: asyncio.StreamReader) -> None:
    for _ in range(100):
        if not await _line(reader):
            return
    raise MessageError("the trailer has too many lines", status=431)


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        return (await reader.readuntil(b"\r\n"))[:-2]
    except asyncio.LimitOverrunError as exc:
        raise MessageError("a line within the body is too long") from exc


def encode_head(first: str, headers: Iterable[tuple[str, str]]) -> bytes:
    lines = (first, *(f"{name}: {value}" for name, value in headers), "", "")
    return "\r\n".join(lines).encode("latin-1")


def encode_chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)

"""When did each server-sent event arrive, however the proxies between have cut the stream?"""

import re
from collections.abc import Sequence

_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")


def event_arrivals(pieces: Sequence[tuple[float, bytes]]) -> tuple[tuple[float, bytes], ...]:
    """
    Args:
        pieces: Time of arrival and bytes, in order.

    Returns: For each complete event that has data the time of the piece that completed it, and its
        data. OpenAI's closing `[DONE]` is no event.
    """
    body = b"".join(piece for _, piece in pieces)
    found: list[tuple[float, bytes]] = []
    begin, seen_bytes, index = 0, 0, -1
    for end in _END.finditer(body):
        while seen_bytes < end.end():
            index += 1
            seen_bytes += len(pieces[index][1])
        data = _data(body[begin : end.start()])
        begin = end.end()
        if data and data != b"[DONE]":
            found.append((pieces[index][0], data))
    return tuple(found)


def _data(event: bytes) -> bytes:
    lines = [
        line[5:].removeprefix(b" ") for line in event.splitlines() if line.startswith(b"data:")
    ]
    return b"\n".join(lines)

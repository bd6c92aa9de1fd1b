"""
What the agent says, in the collector's wire format: plain dicts with bounded texts.

A *body* is a record without its identity (run, node, boot, stream, seq, t): probes make bodies in
child processes, and a `Stream` in the agent numbers and stamps them.
"""

import json
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Body = dict[str, Any]

MAX_RECORD_BYTES = 60 * 1024  # the collector takes 64 KiB
MAX_EVIDENCE_CHARACTERS = 72 * 1024  # up to four bytes each; the collector takes 320 KiB
TEXT_LENGTH = 256
SENTENCE_LENGTH = 2000


@dataclass(frozen=True)
class Origin:
    """Who speaks. `boot` is new for each start of the agent."""

    run: str
    node: str
    boot: str


@dataclass(frozen=True)
class Record:
    """One finished line, as it goes over the wire."""

    stream: str
    seq: int
    line: bytes


class Stream:
    """Numbers the records of one stream from 0 without gaps, and hands them on."""

    def __init__(
        self,
        name: str,
        *,
        origin: Origin,
        publish: Callable[[Record], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self._origin = origin
        self._publish = publish
        self._clock = clock
        self._next = 0
        self._lock = threading.Lock()

    def add(self, body: Mapping[str, Any]) -> None:
        with self._lock:
            self._publish(self._stamped(body))
            self._next += 1

    def end(self, not_run: "Sequence[Mapping[str, str]]" = ()) -> None:
        """Closes the stream: `records` says how many came before."""
        self.add({"kind": "end", "records": self._next, "not_run": list(not_run)})

    def _stamped(self, body: Mapping[str, Any]) -> Record:
        whole = {
            "v": 1,
            "run": self._origin.run,
            "node": self._origin.node,
            "boot": self._origin.boot,
            "stream": self.name,
            "seq": self._next,
            "t": self._clock(),
            **body,
        }
        line = json.dumps(whole, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return Record(stream=self.name, seq=self._next, line=line.encode("utf-8", "replace"))


def not_run(exercise: str, outcome: str, reason: str) -> "dict[str, str]":
    """An exercise that was ordered and gave no result; outcome is skip, error or timeout."""
    return {"exercise": exercise, "outcome": outcome, "reason": sentence(reason)}


def evidence(about: str, words: str) -> Body:
    """What a probe last said, cut in the middle when it is too long."""
    return {"kind": "evidence", "about": text(about), "data": shortened(printable(words))}


def text(value: object) -> str:
    return printable(str(value))[:TEXT_LENGTH]


def sentence(value: object) -> str:
    return printable(str(value))[:SENTENCE_LENGTH]


def small(values: Mapping[str, Any]) -> "dict[str, str | int | float | bool | None]":
    """Facts as the wire takes them: at most 64 scalars; NaN and infinities become None."""
    return {text(key): _scalar(value) for key, value in list(values.items())[:64]}


def finite(value: "float | None") -> "float | None":
    return value if value is not None and math.isfinite(value) else None


def shortened(words: str, limit: int = MAX_EVIDENCE_CHARACTERS) -> str:
    if len(words) <= limit:
        return words
    mark = f"\n… {len(words) - limit} characters left out …\n"
    half = (limit - len(mark)) // 2
    return words[:half] + mark + words[-half:]


def printable(words: str) -> str:
    """Without control characters and lone surrogates, which JSON blows up or UTF-8 refuses."""
    if words.isascii() and words.isprintable():
        return words
    return "".join(
        c if c.isprintable() or c in "\n\t" else " " if c == "\r" else "�" for c in words
    )


def _scalar(value: object) -> "str | int | float | bool | None":
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return finite(value)
    return text(value)

"""What two ranks say to each other: one JSON line each way, and one that it has arrived."""

import asyncio
import json
from dataclasses import asdict, dataclass
from typing import Any

from aiconform.workload.errors import MessageError

LINE_BYTES = 2048


@dataclass(frozen=True)
class Greeting:
    """
    `round`: asked for by the caller, reached by the answerer, who is ready when it has reached it.
    """

    nonce: str
    round: int
    rank: int
    pod_uid: str | None
    boot: str  # of the process: a rank that was restarted is another one


async def send(writer: asyncio.StreamWriter, word: Greeting | dict[str, Any]) -> None:
    value = word if isinstance(word, dict) else asdict(word)
    writer.write(json.dumps(value).encode() + b"\n")
    await writer.drain()


async def receive(reader: asyncio.StreamReader) -> Greeting | None:
    """
    Returns: None when the other side closed instead.

    Raises:
        MessageError: It is no greeting.
    """
    try:
        line = await reader.readline()
    except ValueError as exc:  # longer than the reader's limit
        raise MessageError("the line is too long") from exc
    if not line:
        return None
    try:
        value = json.loads(line)
        greeting = Greeting(**value)
    except (ValueError, TypeError, RecursionError) as exc:
        raise MessageError(f"no greeting: {line[:80]!r}") from exc
    sound = (
        type(greeting.nonce) is str
        and type(greeting.round) is int
        and type(greeting.rank) is int
        and type(greeting.boot) is str
        and isinstance(greeting.pod_uid, str | None)
    )
    if not sound:
        raise MessageError("a greeting's fields have other types")
    return greeting

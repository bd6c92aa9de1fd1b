"""The part of OpenAI's chat API that a gateway can tell apart: an answer, or a stream."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiconform.workload.answering import Response, json_object, json_response
from aiconform.workload.errors import RefusedError

MODEL = "aiconform-echo"
CHUNK_COUNT_LIMIT = 1000


@dataclass(frozen=True)
class Pace:
    """How a stream is sent when the request does not say how many tokens it wants."""

    chunk_count: int = 10
    interval_s: float = 0.2


@dataclass(frozen=True)
class _Asked:
    prompt_count: int  # words
    chunk_count: int
    stream: bool
    usage: bool


def models() -> Response:
    entry = {"id": MODEL, "object": "model", "created": 0, "owned_by": "aiconform"}
    return json_response({"object": "list", "data": [entry]})


def completion(body: bytes, *, origin: dict[str, Any], pace: Pace) -> Response:
    """
    Args:
        origin: Who answers and what arrived: the `aiconform` of the answer or of its first chunk.

    Raises:
        RefusedError: The body is no chat request.
    """
    asked = _parse(json_object(body), pace)
    common = {
        "id": f"chatcmpl-{time.time_ns():x}",
        "created": int(time.time()),
        "model": MODEL,
        "system_fingerprint": origin.get("pod_uid"),
    }
    if asked.stream:
        events = _stream(asked, {**common, "object": "chat.completion.chunk"}, origin, pace)
        return Response(
            200,
            events,
            (("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache")),
        )
    text = "".join(_word(number) for number in range(asked.chunk_count))
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
    }
    answer = {**common, "object": "chat.completion", "choices": [choice], "usage": _usage(asked)}
    return json_response({**answer, "aiconform": origin})


def _parse(body: dict[str, Any], pace: Pace) -> _Asked:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise RefusedError("`messages` must be a list with at least one message")
    wanted = body.get("max_completion_tokens", body.get("max_tokens", pace.chunk_count))
    if isinstance(wanted, bool) or not isinstance(wanted, int) or wanted < 1:
        raise RefusedError("`max_tokens` must be a whole number from 1")
    options = body.get("stream_options")
    return _Asked(
        prompt_count=sum(len(_text(message).split()) for message in messages),
        chunk_count=min(wanted, CHUNK_COUNT_LIMIT),
        stream=body.get("stream") is True,
        usage=isinstance(options, dict) and options.get("include_usage") is True,
    )


def _text(message: Any) -> str:
    content = message.get("content") if isinstance(message, dict) else None
    return content if isinstance(content, str) else ""


async def _stream(
    asked: _Asked, common: dict[str, Any], origin: dict[str, Any], pace: Pace
) -> AsyncIterator[bytes]:
    """The first chunk at once, then one each interval; the end as OpenAI marks it."""
    for number in range(asked.chunk_count):
        if number:
            await asyncio.sleep(pace.interval_s)
            yield _event(common, [_choice({"content": _word(number)}, None)])
        else:
            first = {"role": "assistant", "content": _word(number)}
            yield _event(common, [_choice(first, None)], aiconform=origin)
    end = _event(common, [_choice({}, "stop")])
    if asked.usage:
        end += _event(common, [], usage=_usage(asked))
    yield end + b"data: [DONE]\n\n"


def _choice(delta: dict[str, str], reason: str | None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": reason}


def _event(common: dict[str, Any], choices: list[dict[str, Any]], **more: Any) -> bytes:
    return b"data: " + json.dumps({**common, "choices": choices, **more}).encode() + b"\n\n"


def _usage(asked: _Asked) -> dict[str, int]:
    return {
        "prompt_tokens": asked.prompt_count,
        "completion_tokens": asked.chunk_count,
        "total_tokens": asked.prompt_count + asked.chunk_count,
    }


def _word(number: int) -> str:
    return f"word{number} "

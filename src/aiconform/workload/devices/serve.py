"""Looks again on request: two tenants learn each other's numbers only when both are there."""

import argparse
import asyncio
from typing import Any

from aiconform.workload.answering import (
    Request,
    Response,
    json_object,
    json_response,
    problem_response,
    text_response,
)
from aiconform.workload.devices.looking import Ask, look
from aiconform.workload.devices.numbers import parse_numbers, parse_wanted
from aiconform.workload.errors import RefusedError
from aiconform.workload.identity import Identity
from aiconform.workload.loop import run_until_stopped
from aiconform.workload.serving import serve
from aiconform.workload.voice import Voice

ITEM_LIMIT = 64


def serve_looks(identity: Identity, *, voice: Voice, host: str | None, port: int) -> None:
    """POST /look {"open": [...], "mknod": [...]}: the facts as JSON, and as a line of the log."""
    one_at_a_time = asyncio.Lock()

    async def answer(request: Request) -> Response:
        if request.path == "/healthz":
            return text_response("ok\n")
        if request.path != "/look" or request.method != "POST":
            return problem_response("POST /look is all there is", status=404)
        ask = _parse(json_object(request.body or b"{}"))
        async with one_at_a_time:
            seen = await asyncio.to_thread(look, ask)
        voice.say("devices.seen", **seen.facts)
        return json_response({**identity.as_json(), **seen.facts})

    async def program(stop: asyncio.Event) -> None:
        await serve(answer, host=host, port=port, stop=stop, voice=voice, name="devices")

    run_until_stopped(program)
    voice.say("devices.stopped")


def _parse(body: dict[str, Any]) -> Ask:
    """Programs are not run on request: who reaches the port is not who made the pod."""
    try:
        return Ask(
            open=tuple(parse_wanted(text) for text in _texts(body, "open")),
            make=tuple(n for text in _texts(body, "mknod") for n in parse_numbers(text)),
        )
    except argparse.ArgumentTypeError as exc:
        raise RefusedError(str(exc)) from exc


def _texts(body: dict[str, Any], key: str) -> list[str]:
    value = body.get(key, [])
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise RefusedError(f"`{key}` must be a list of texts like 195:0")
    if len(value) > ITEM_LIMIT:
        raise RefusedError(f"`{key}` takes at most {ITEM_LIMIT}")
    return value

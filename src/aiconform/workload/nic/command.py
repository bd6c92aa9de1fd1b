"""`python3 -m aiconform.workload nic`."""

import argparse
import asyncio
from collections.abc import Sequence
from typing import Any

from aiconform.workload.answering import (
    Request,
    Response,
    json_object,
    json_response,
    problem_response,
    text_response,
)
from aiconform.workload.errors import RefusedError
from aiconform.workload.flags import add_listen_flags, new_parser
from aiconform.workload.identity import Identity, add_identity_flags, read_identity
from aiconform.workload.loop import run_until_stopped
from aiconform.workload.nic.looking import look
from aiconform.workload.nic.transfer import MOST_BYTES, Receiver, send
from aiconform.workload.serving import serve
from aiconform.workload.voice import Voice

DESCRIPTION = """\
Tells the network interfaces and RDMA devices of this container with what they have carried, and
carries bytes between addresses that are named, so that the counters tell which way they took.
A transfer is taken only with the nonce as its first line. Prints nic.seen at its start."""

EXAMPLES = """\
  python3 -m aiconform.workload nic --nonce w0rd
      curl -X POST http://POD:8080/look
      curl -d '{"address": "10.9.0.1"}' http://POD:8080/receive      # the port to send to
      curl -d '{"source": "10.9.0.2", "to": "10.9.0.1", "port": 40001, "bytes": 268435456}' \\
          http://OTHER:8080/send
      curl -X POST http://POD:8080/received"""


def run(arguments: "Sequence[str]") -> int:
    flags = _parser().parse_args(arguments)
    identity = read_identity(flags)
    voice = Voice(identity)
    desk = Desk(identity)

    async def program(stop: asyncio.Event) -> None:
        voice.say("nic.seen", **look())
        await serve(
            desk.answer, host=flags.host, port=flags.port, stop=stop, voice=voice, name="nic"
        )

    run_until_stopped(program)
    voice.say("nic.stopped")
    return 0


class Desk:
    """Answers requests; one receiver at a time."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._receiver: Receiver | None = None

    async def answer(self, request: Request) -> Response:
        if request.path == "/healthz":
            return text_response("ok\n")
        acts = {
            "/look": self._look, "/receive": self._receive, "/received": self._received,
            "/send": self._send,
        }  # fmt: skip
        if request.path not in acts or request.method != "POST":
            return problem_response(f"POST one of {', '.join(acts)}", status=404)
        facts = await acts[request.path](json_object(request.body or b"{}"))
        return json_response({**self._identity.as_json(), **facts})

    async def _look(self, _body: "dict[str, Any]") -> "dict[str, Any]":
        return await asyncio.to_thread(look)

    async def _receive(self, body: "dict[str, Any]") -> "dict[str, Any]":
        if self._receiver is not None:
            self._receiver.close()
        self._receiver = Receiver.at(_text(body, "address"), self._word)
        return self._receiver.facts()

    async def _received(self, _body: "dict[str, Any]") -> "dict[str, Any]":
        if self._receiver is None:
            raise RefusedError("POST /receive first")
        return self._receiver.facts()

    async def _send(self, body: "dict[str, Any]") -> "dict[str, Any]":
        return await asyncio.to_thread(
            send,
            source=_text(body, "source"),
            to=_text(body, "to"),
            port=_whole(body, "port", 65535),
            count=_whole(body, "bytes", MOST_BYTES),
            word=self._word,
        )

    @property
    def _word(self) -> str:
        return self._identity.nonce or "nic"


def _text(body: "dict[str, Any]", key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise RefusedError(f"`{key}` must be an address")
    return value


def _whole(body: "dict[str, Any]", key: str, most: int) -> int:
    value = body.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise RefusedError(f"`{key}` must be 1 to {most}")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = new_parser("nic", description=DESCRIPTION, examples=EXAMPLES)
    add_identity_flags(parser)
    add_listen_flags(parser)
    return parser

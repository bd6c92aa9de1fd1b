"""`python3 -m aiconform.workload echo`."""

import argparse
import asyncio
from collections.abc import Sequence

from aiconform.workload.echo.answers import Echo, Manner
from aiconform.workload.echo.completions import Pace
from aiconform.workload.flags import add_listen_flags, new_parser, seconds, whole
from aiconform.workload.identity import add_identity_flags, read_identity
from aiconform.workload.loop import run_until_stopped
from aiconform.workload.serving import serve
from aiconform.workload.voice import Voice

DESCRIPTION = """\
An HTTP/1.1 server that looks like OpenAI's and tells who answered.

  /echo, /echo/...      JSON: backend, pod_uid, nonce, method, path, query, headers, body_sha256
  /v1/models            the one model there is
  /v1/chat/completions  POST; JSON, or with "stream": true server-sent events, chunk by chunk;
                        "max_tokens" says how many chunks. The echo is under "aiconform"
  /counts               requests by path and by header x-aiconform-step, on new and kept connections
  /healthz              200

/counts and /healthz are not counted. Every other answer has the headers x-aiconform-backend,
x-aiconform-pod-uid and x-aiconform-nonce."""

EXAMPLES = """\
  python3 -m aiconform.workload echo --backend a --nonce r1
  python3 -m aiconform.workload echo --chunks 10 --chunk-interval 0.2
  python3 -m aiconform.workload echo --abort-every 5      # each fifth request is reset"""


def run(arguments: Sequence[str]) -> int:
    flags = _parser().parse_args(arguments)
    identity = read_identity(flags)
    manner = Manner(
        pace=Pace(chunk_count=flags.chunks, interval_s=flags.chunk_interval),
        delay_s=flags.delay,
        abort_every=flags.abort_every,
    )
    voice = Voice(identity)
    echo = Echo(identity, manner=manner)

    async def program(stop: asyncio.Event) -> None:
        await serve(
            echo.answer, host=flags.host, port=flags.port, stop=stop, voice=voice, name="echo"
        )

    run_until_stopped(program)
    voice.say("echo.stopped", **echo.counts.as_json())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = new_parser("echo", description=DESCRIPTION, examples=EXAMPLES)
    add_listen_flags(parser)
    add_identity_flags(parser)
    parser.add_argument(
        "--chunks",
        type=whole(1, 1000),
        default=10,
        help="chunks of a stream when the request has no max_tokens (default: %(default)s)",
    )
    parser.add_argument(
        "--chunk-interval",
        type=seconds(0, 10),
        default=0.2,
        metavar="SECONDS",
        help="pause between two chunks (default: %(default)s)",
    )
    parser.add_argument(
        "--delay",
        type=seconds(0, 60),
        default=0.0,
        metavar="SECONDS",
        help="wait before each answer (default: %(default)s)",
    )
    parser.add_argument(
        "--abort-every",
        type=whole(0, 1_000_000),
        default=0,
        metavar="N",
        help="reset the connection instead of answering each Nth request (default: never)",
    )
    return parser

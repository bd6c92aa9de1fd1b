"""`python3 -m aiconform.workload load`."""

import argparse
import asyncio
from collections.abc import Sequence

from aiconform.workload.flags import new_parser, seconds, whole
from aiconform.workload.identity import add_identity_flags, read_identity
from aiconform.workload.load.generate import generate
from aiconform.workload.load.plan import CONCURRENCY_LIMIT, COUNT_LIMIT, LoadPlan, PlanError, Streak
from aiconform.workload.load.sample import LoadResult
from aiconform.workload.load.summary import summarise
from aiconform.workload.loop import INTERRUPTED, run_until_stopped
from aiconform.workload.voice import Voice

DESCRIPTION = """\
Sends requests and counts who answered: by the pod UID that an echo server puts into its answer.

--connections new opens a TCP connection for each request; kept opens one for each of --concurrency
and reuses it. Proxy settings of the environment are ignored, redirects are not followed. What a
request meets is a fact, not an error: the exit status is 0 when the load was carried out."""

EXAMPLES = """\
  python3 -m aiconform.workload load http://gw/echo --host r1.aiconform.test --count 200
  python3 -m aiconform.workload load http://gw/echo --count 200 --connections kept --concurrency 8
  python3 -m aiconform.workload load http://gw/echo -H 'OpenAI-Beta: x' --answers --samples
  python3 -m aiconform.workload load http://gw/echo --count 600 --until 20 --pause 0.1  # warm up
  python3 -m aiconform.workload load http://gw/v1/chat/completions --method POST \\
      --body '{"messages": [{"role": "user", "content": "hi"}], "stream": true}'"""


def run(arguments: Sequence[str]) -> int:
    parser = _parser()
    flags = parser.parse_args(arguments)
    identity = read_identity(flags)
    try:
        plan = _plan(flags, nonce=identity.nonce or "load")
    except PlanError as exc:
        parser.error(str(exc))
    voice = Voice(identity)

    async def program(stop: asyncio.Event) -> LoadResult:
        return await generate(plan, stop=stop)

    result = run_until_stopped(program)
    if flags.samples:
        for sample in result.samples:
            voice.say("load.sampled", sample=sample.as_json())
    voice.say(
        "load.done", url=plan.url, host=plan.target.host, asked=plan.count, **summarise(result)
    )
    return INTERRUPTED if result.ended == "stopped" else 0


def _plan(flags: argparse.Namespace, *, nonce: str) -> LoadPlan:
    until = flags.until and Streak(flags.until, flags.until_status, flags.until_pod)
    return LoadPlan(
        url=flags.url,
        count=flags.count,
        connections=flags.connections,
        concurrency=flags.concurrency,
        method=flags.method,
        host=flags.host,
        headers=tuple(flags.header),
        body=flags.body.encode(),
        nonce=nonce,
        timeout_s=flags.timeout,
        limit_s=flags.limit,
        pause_s=flags.pause,
        until=until or None,
        keep_answers=flags.answers,
        ca_file=flags.ca,
        verify=not flags.insecure,
    )


def _parser() -> argparse.ArgumentParser:
    parser = new_parser("load", description=DESCRIPTION, examples=EXAMPLES)
    add_identity_flags(parser)
    add = parser.add_argument
    add("url", metavar="URL", help="http(s)://HOST[:PORT]/PATH; [::1] for IPv6")
    add("--count", type=whole(1, COUNT_LIMIT), default=1, help="requests (default: %(default)s)")
    add("--connections", choices=("new", "kept"), default="new", help="default: %(default)s")
    add(
        "--concurrency",
        type=whole(1, CONCURRENCY_LIMIT),
        default=1,
        help="requests at a time; with kept the number of connections (default: %(default)s)",
    )
    add("--method", default="GET", help="default: %(default)s")
    add("--host", help="Host header, and the name for TLS (default: the URL's)")
    add(
        "-H",
        "--header",
        type=_header,
        action="append",
        default=[],
        metavar="'NAME: VALUE'",
        help="sent in this case and order; may be repeated",
    )
    add("--body", default="", help="request body (default: none)")
    add("--timeout", type=seconds(0.01, 600), default=10.0, help="seconds for one request")
    add("--limit", type=seconds(0.1, 3600), default=300.0, help="seconds for all requests")
    add("--pause", type=seconds(0, 60), default=0.0, help="seconds after each request")
    add("--until", type=whole(1, COUNT_LIMIT), metavar="N", help="stop after N hits in a row")
    add("--until-status", type=whole(100, 599), default=200, help="what a hit is (default: 200)")
    add("--until-pod", metavar="UID", help="a hit comes from this pod (default: any)")
    add("--samples", action="store_true", help="also print a line for each request")
    add("--answers", action="store_true", help="with --samples: and the JSON of its answer")
    add("--ca", metavar="FILE", help="CA certificates for https (default: the system's)")
    add("--insecure", action="store_true", help="accept any certificate")
    return parser


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form 'NAME: VALUE'")
    return name.strip(), value.strip()

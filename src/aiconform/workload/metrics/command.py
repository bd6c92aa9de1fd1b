"""`python3 -m aiconform.workload metrics`."""

import argparse
import asyncio
from collections.abc import Sequence

from aiconform.workload.errors import RefusedError
from aiconform.workload.flags import add_listen_flags, name_and_value, new_parser
from aiconform.workload.identity import add_identity_flags, read_identity
from aiconform.workload.loop import run_until_stopped
from aiconform.workload.metrics.answers import Metrics
from aiconform.workload.serving import serve
from aiconform.workload.voice import Voice

DESCRIPTION = """\
A Prometheus target whose values are set over HTTP. Bodies are JSON.

  GET  /metrics   text format 0.0.4
  POST /set       {"name": "...", "value": 7, "labels": {...}, "type": "gauge"|"counter"}
  POST /add       the same, added; value is 1 when left out
  POST /observe   {"name": "...", "value": 0.3, "count": 1, "labels": {...}}: a histogram
  POST /stop      {"how": "unavailable"|"empty"|"stale"|"hang"|"reset"}: what scrapes then meet
  POST /start     scrapes work again
  GET  /value/NAME?label=value   one series as JSON: {"name", "value", ...}
  any  /work, POST /v1/chat/completions   one request served: counters and histograms count it
  GET  /healthz   200

From the start there are aiconform_queue_depth, aiconform_requests_total,
aiconform_request_duration_seconds, vllm:request_success_total, vllm:e2e_request_latency_seconds,
vllm:num_requests_running and vllm:num_requests_waiting, all at zero. With --nonce every series has
the label run."""

EXAMPLES = """\
  python3 -m aiconform.workload metrics --nonce r1 --label team=a
  python3 -m aiconform.workload metrics --gauge aiconform_queue_depth=20
  curl -d '{"name": "aiconform_queue_depth", "value": 20}' http://POD:8080/set"""


def run(arguments: Sequence[str]) -> int:
    parser = _parser()
    flags = parser.parse_args(arguments)
    identity = read_identity(flags)
    voice = Voice(identity)
    labels = dict(flags.label) | ({"run": identity.nonce} if identity.nonce else {})
    try:
        metrics = Metrics(identity, labels=labels)
        for name, value in flags.gauge:
            metrics.registry.set(name, float(value), kind="gauge", labels={})
    except (RefusedError, ValueError) as exc:
        parser.error(str(exc))

    async def program(stop: asyncio.Event) -> None:
        await serve(
            metrics.answer,
            host=flags.host,
            port=flags.port,
            stop=stop,
            voice=voice,
            name="metrics",
        )

    run_until_stopped(program)
    voice.say("metrics.stopped", scrapes=metrics.scrape_count)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = new_parser("metrics", description=DESCRIPTION, examples=EXAMPLES)
    add_listen_flags(parser)
    add_identity_flags(parser)
    parser.add_argument(
        "--label",
        type=name_and_value,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a label for every series; may be repeated",
    )
    parser.add_argument(
        "--gauge",
        type=name_and_value,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a gauge that is there from the start; may be repeated",
    )
    return parser

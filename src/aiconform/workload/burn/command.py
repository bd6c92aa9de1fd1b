"""`python3 -m aiconform.workload burn`."""

import argparse
import os
import threading
import time
from collections.abc import Sequence

from aiconform.workload.burn.accelerator import Accelerator, make_accelerator
from aiconform.workload.burn.memory import fill_buffer
from aiconform.workload.burn.processor import ProcessorBurn
from aiconform.workload.flags import byte_count, new_parser, seconds, whole
from aiconform.workload.identity import add_identity_flags, read_identity
from aiconform.workload.voice import Voice

DESCRIPTION = """\
Keeps processor threads busy and a buffer filled, and an accelerator when there is one: with
--engine auto, the first device of PyTorch or JAX, whichever the image has. The buffer is on the
accelerator when one is used, else in memory. A buffer that does not fit is refused at the start.

With --after it first says burn.waits and is idle for so long, with all that its container was
granted. It says burn.began when everything runs, burn.going every --report seconds, and
burn.done."""

EXAMPLES = """\
  python3 -m aiconform.workload burn --seconds 90 --buffer 1Gi
  python3 -m aiconform.workload burn --seconds 90 --threads 2 --engine none
  python3 -m aiconform.workload burn --seconds 90 --buffer 1Gi --engine torch   # must have one"""

HOST_BUFFER_BYTES = 16 * 1024**2  # what threads read when the buffer is on a device


def run(arguments: Sequence[str]) -> int:
    flags = _parser().parse_args(arguments)
    voice = Voice(read_identity(flags))
    if flags.after:
        voice.say("burn.waits", seconds=flags.after)
        time.sleep(flags.after)
    accelerator = make_accelerator(flags.engine, buffer_bytes=flags.buffer)
    size = flags.buffer if accelerator is None else min(flags.buffer, HOST_BUFFER_BYTES)
    processor = ProcessorBurn(fill_buffer(size), thread_count=flags.threads)
    device = _DeviceBurn(accelerator) if accelerator is not None else None
    began = time.monotonic()
    processor.start()
    if device is not None:
        device.start()
    facts = {
        "threads": flags.threads,
        "buffer_bytes": flags.buffer,
        "framework": accelerator.framework if accelerator else None,
        "device": accelerator.device if accelerator else None,
    }
    voice.say("burn.began", seconds=flags.seconds, **facts)
    problem = _wait(began + flags.seconds, processor, device, voice=voice, report_s=flags.report)
    if device is not None:
        device.stop()
    processor.stop()
    voice.say("burn.done", **facts, **_progress(began, processor, device), problem=problem)
    return 0 if problem is None else 1


class _DeviceBurn:
    def __init__(self, accelerator: Accelerator) -> None:
        self.product_count = 0
        self.problem: str | None = None
        self._accelerator = accelerator
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(10.0)

    def _work(self) -> None:
        try:
            while not self._stop.is_set():
                self._accelerator.work()
                self.product_count += 1
        except Exception as exc:  # noqa: BLE001 - the framework's own; told in the last line
            self.problem = f"{type(exc).__name__}: {exc}"[:500]


def _wait(
    until: float,
    processor: ProcessorBurn,
    device: "_DeviceBurn | None",
    *,
    voice: Voice,
    report_s: float,
) -> "str | None":
    """Until the time is over or the device has failed; returns what went wrong."""
    began = time.monotonic()
    next_report = began + report_s
    while time.monotonic() < until:
        if device is not None and device.problem is not None:
            return device.problem
        time.sleep(max(0.0, min(0.2, until - time.monotonic())))
        if time.monotonic() >= next_report:
            next_report += report_s
            voice.say("burn.going", **_progress(began, processor, device))
    return None


def _progress(
    began: float, processor: ProcessorBurn, device: "_DeviceBurn | None"
) -> "dict[str, float | int]":
    times = os.times()
    return {
        "elapsed_s": round(time.monotonic() - began, 3),
        "processor_s": round(times.user + times.system, 3),
        "hashed_bytes": processor.hashed_bytes,
        "products": device.product_count if device is not None else 0,
    }


def _parser() -> argparse.ArgumentParser:
    parser = new_parser("burn", description=DESCRIPTION, examples=EXAMPLES)
    add_identity_flags(parser)
    add = parser.add_argument
    add("--seconds", type=seconds(0.1, 86400), default=60.0, help="how long (default: %(default)s)")
    add("--after", type=seconds(0, 600), default=0.0, help="idle so long first (default: 0)")
    add("--threads", type=whole(0, 256), default=1, help="processor threads (default: %(default)s)")
    add("--buffer", type=byte_count, default=64 * 1024**2, help="like 1Gi (default: 64Mi)")
    add(
        "--engine",
        default="auto",
        help="auto, none, torch, jax, or a module with make_accelerator (default: %(default)s)",
    )
    add("--report", type=seconds(0.1, 3600), default=10.0, help="default: %(default)s")
    return parser

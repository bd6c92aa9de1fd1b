"""The child's side of `supervise`: do one exercise, say how it ended."""

import argparse
import faulthandler
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence

from aiconform.agent.errors import AgentError, SkipError
from aiconform.agent.probes.request import Emit, Request, writer

Exercise = Callable[[Request, Emit], None]


def run_child(arguments: Sequence[str]) -> int:
    started = time.monotonic()
    words = _parser().parse_args(arguments)
    os.set_inheritable(words.fd, False)
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    emit = writer(words.fd)
    order = json.load(sys.stdin)
    request = Request(
        exercise=words.exercise,
        limit_s=float(order.pop("limit_s")),
        values=order,
        started=started,
    )
    outcome, reason = _perform(request, emit)
    emit({"kind": "ended", "outcome": outcome, "reason": reason})
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # the result is out: a framework's threads must not hold up the exit


def _perform(request: Request, emit: Emit) -> "tuple[str, str]":
    try:
        find_exercise(request.exercise)(request, emit)
    except SkipError as exc:
        return "skip", str(exc)
    except AgentError as exc:
        return "error", str(exc)
    # Frameworks raise anything. It is told with its text, and the stack is in the last words.
    except Exception as exc:  # noqa: BLE001
        traceback.print_exc()
        return "error", f"{type(exc).__name__}: {exc}"
    return "done", ""


def find_exercise(name: str) -> Exercise:
    """
    Imports only what this one exercise needs.

    Raises:
        AgentError: This agent knows no such exercise.
    """
    if name == "gemm.known_answer":
        from aiconform.agent.probes.known_answer import check_known_answer

        return check_known_answer
    if name == "gemm.rate":
        from aiconform.agent.probes.gemm_rate import measure_gemm_rate

        return measure_gemm_rate
    if name == "memory.copy":
        from aiconform.agent.probes.memory_copy import measure_memory_copy

        return measure_memory_copy
    if name == "inventory":
        from aiconform.agent.inventory.collect import collect_inventory

        return collect_inventory
    if name == "framework":
        from aiconform.agent.engines.count import count_accelerators

        return count_accelerators
    if name == "tcp.pair":
        from aiconform.agent.links.pair import run_pair

        return run_pair
    raise AgentError(f"this agent knows no exercise {name!r}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="agent.pyz child")
    parser.add_argument("exercise")
    parser.add_argument("--fd", type=int, required=True, help="pipe to the agent")
    return parser

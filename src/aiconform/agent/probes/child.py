"""The child's side of `supervise`: do one exercise, say how it ended."""

import argparse
import faulthandler
import importlib
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


# What each name is done by: a module, and a function in it.
_EXERCISES = {
    "gemm.known_answer": "probes.known_answer:check_known_answer",
    "gemm.rate": "probes.gemm_rate:measure_gemm_rate",
    "gemm.fp32": "probes.gemm_precision:exercise_precision",
    "gemm.fp16": "probes.gemm_precision:exercise_precision",
    "gemm.fp8": "probes.gemm_precision:exercise_precision",
    "memory.copy": "probes.memory_copy:measure_memory_copy",
    "memory.triad": "probes.memory_triad:measure_memory_triad",
    "memory.pattern": "probes.patterns:check_memory_pattern",
    "host.h2d": "probes.host_link:measure_host_link",
    "host.d2h": "probes.host_link:measure_host_link",
    "peer.copy": "probes.peer_copy:measure_peer_copy",
    "coll.all_reduce": "probes.collectives:measure_collective",
    "coll.all_gather": "probes.collectives:measure_collective",
    "coll.reduce_scatter": "probes.collectives:measure_collective",
    "coll.all_to_all": "probes.collectives:measure_collective",
    "train.step": "probes.train_step:exercise_training",
    "sustain": "probes.sustain:measure_sustained_load",
    "inventory": "inventory.collect:collect_inventory",
    "telemetry": "probes.telemetry:sample_telemetry",
    "framework": "engines.count:count_accelerators",
    "tcp.pair": "links.pair:run_pair",
}


def find_exercise(name: str) -> Exercise:
    """
    Imports only what this one exercise needs.

    Raises:
        AgentError: This agent knows no such exercise.
    """
    if name not in _EXERCISES:
        raise AgentError(f"this agent knows no exercise {name!r}")
    module, _, function = _EXERCISES[name].partition(":")
    found: Exercise = getattr(importlib.import_module(f"aiconform.agent.{module}"), function)
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="agent.pyz child")
    parser.add_argument("exercise")
    parser.add_argument("--fd", type=int, required=True, help="pipe to the agent")
    return parser

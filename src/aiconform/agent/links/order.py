"""
The agent's side of a pair test: open the port, meet at the barrier, let a child process measure.

The port is open before the collector hears "ready", so that the peer never knocks in vain.
"""

import contextlib
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from aiconform.agent.counting import Counting
from aiconform.agent.log import Log
from aiconform.agent.probes.supervise import Ending, supervise
from aiconform.agent.records import Stream, evidence, sentence
from aiconform.agent.tasks import PairTask

Ready = Callable[[str, float], "tuple[bool, str]"]
EXERCISE = "tcp.pair"
PEER_LATE = "peer_late"
_OUTCOMES = {"done": "ok", "timeout": "timeout"}


def run_pair_task(
    task: PairTask,
    *,
    run: str,
    address: str,
    stream: Stream,
    ready: Ready,
    counting: Counting,
    environ: Mapping[str, str],
    log: Log,
) -> None:
    """
    Puts one Pair record and the end into `stream`, whatever happens, and before them what was
    counted on the way, if it could be read.

    Args:
        address: Our own pod's IP; nothing but this address is listened on.
        ready: Tells the collector the task's id and waits so many seconds for the peer.
    """
    samples: "list[Any]" = []
    counted = None
    try:
        with _listener(task, address) as listener:
            go, reason = ready(task.id, task.ready_limit_s)
            before = counting.look() if go else None
            ending = (
                _measure(task, run=run, listener=listener, samples=samples, environ=environ)
                if go
                else None
            )
            counted = counting.since(before, about=EXERCISE, peer=task.peer, samples=samples)
    except OSError as exc:
        ending = Ending("error", f"port {task.port} on {address} could not be opened: {exc}", "", 0)
    if ending is None:
        outcome = PEER_LATE if reason == PEER_LATE else "failed"
    else:
        outcome, reason = _OUTCOMES.get(ending.outcome, "failed"), ending.reason
    if counted is not None:
        stream.add(counted)
    stream.add(
        {
            "kind": "pair",
            "round": task.round,
            "peer": task.peer,
            "outcome": outcome,
            "reason": sentence(reason),
            "samples": samples,
        }
    )
    if ending is not None and ending.outcome != "done" and ending.last_words.strip():
        stream.add(evidence(stream.name, ending.last_words))
    stream.end()
    log.info("pair.ended", round=task.round, peer=task.peer, outcome=outcome, reason=reason)


def _measure(
    task: PairTask,
    *,
    run: str,
    listener: "socket.socket | None",
    samples: "list[Any]",
    environ: Mapping[str, str],
) -> Ending:
    descriptors = () if listener is None else (listener.fileno(),)
    return supervise(
        EXERCISE,
        {**asdict(task), "run": run, "listener": descriptors[0] if descriptors else None},
        limit_s=task.limit_s,
        on_body=samples.append,
        environ=environ,
        pass_fds=descriptors,
    )


@contextlib.contextmanager
def _listener(task: PairTask, address: str) -> "Any":
    """The open port for the side that listens, None for the side that connects."""
    if task.role != "listen":
        yield None
        return
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, task.port), family=family, backlog=128) as listener:
        os.set_inheritable(listener.fileno(), False)
        yield listener

"""
One pair test as its child process does it: latency both ways, then throughput both ways.

Both sides walk through the same steps. Each step's samples are emitted when it ends, so that a
later failure does not take them away.
"""

import socket
from collections.abc import Mapping
from typing import Any

from aiconform.agent.errors import PairError
from aiconform.agent.links import flow, latency
from aiconform.agent.links.meeting import Appointment, Meeting, meet
from aiconform.agent.probes.request import Emit, Request
from aiconform.agent.records import finite
from aiconform.agent.tasks import PairTask, parse_task

DRAIN_S = 5.0  # what is in buffers at the end of a direction, even on a slow link


def run_pair(request: Request, emit: Emit) -> None:
    """
    Raises:
        PairError: The peer was not reached, broke off, or counted other bytes than we did.
    """
    order = dict(request.values)
    run, descriptor = str(order.pop("run")), order.pop("listener")
    task = parse_task({"kind": "pair", "limit_s": request.limit_s, **order})
    assert isinstance(task, PairTask)
    listener = socket.socket(fileno=descriptor) if descriptor is not None else None
    appointment = Appointment(
        run=run, task=task.id, role=task.role, peer_address=task.peer_address, port=task.port
    )
    with meet(appointment, listener=listener) as meeting:
        for connecting_side_acts in (True, False):
            acts = connecting_side_acts == meeting.connects
            turn = "forth" if connecting_side_acts else "back"
            if task.pings:
                _latency(meeting, task, turn=f"ping {turn}", acts=acts, emit=emit)
        for connecting_side_acts in (True, False):
            acts = connecting_side_acts == meeting.connects
            turn = "forth" if connecting_side_acts else "back"
            _throughput(meeting, task, turn=f"flow {turn}", acts=acts, emit=emit)


def _latency(meeting: Meeting, task: PairTask, *, turn: str, acts: bool, emit: Emit) -> None:
    """The acting side pings, the other one echoes."""
    (stream,) = meeting.open_streams(turn, 1)
    with stream:
        if not acts:
            latency.echo(stream)
        elif trips := latency.ping(stream, count=task.pings, limit_s=max(1.0, task.seconds)):
            emit(
                {
                    "metric": "tcp_latency",
                    "direction": "round_trip",
                    "bytes": trips.count * latency.MESSAGE_BYTES,
                    "seconds": trips.seconds,
                    "value": finite(trips.p50_us),
                    "unit": "microseconds",
                    "p99": finite(trips.p99_us),
                }
            )
    meeting.exchange({"ended": turn})


def _throughput(meeting: Meeting, task: PairTask, *, turn: str, acts: bool, emit: Emit) -> None:
    """The acting side sends, the other one receives; then they compare what they counted."""
    streams = meeting.open_streams(turn, task.streams)
    meeting.exchange({"begins": turn})
    limit_s = task.seconds + max(DRAIN_S, task.seconds)
    try:
        if acts:
            moved = flow.send(streams, seconds=task.seconds, limit_s=limit_s)
        else:
            moved = flow.receive(streams, limit_s=limit_s)
    finally:
        for stream in streams:
            stream.close()
    emit(_throughput_sample(moved, direction="send" if acts else "receive", task=task))
    _compare(moved, meeting.exchange({"bytes": moved.bytes}), acts=acts)


def _throughput_sample(moved: flow.Flow, *, direction: str, task: PairTask) -> "dict[str, Any]":
    return {
        "metric": "tcp_throughput",
        "direction": direction,
        "bytes": moved.bytes,
        "seconds": moved.seconds,
        "value": moved.gbit_per_s,
        "unit": "gigabits_per_second",
        "streams": task.streams,
        "retransmits": moved.retransmits,
        "segments": moved.segments,
    }


def _compare(moved: flow.Flow, heard: Mapping[str, Any], *, acts: bool) -> None:
    theirs = heard.get("bytes")
    if theirs != moved.bytes:
        sent, received = (moved.bytes, theirs) if acts else (theirs, moved.bytes)
        raise PairError(f"{sent} bytes were sent and {received} bytes were received")

"""Two agents on one machine meet over the loopback and measure the way between them."""

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import pytest

from aiconform.agent.counting import Counting
from aiconform.agent.links.order import run_pair_task
from aiconform.agent.tasks import PairTask
from aiconform.model.wire import Pair
from tests.agent.support import Collected, environ, in_threads, silent_log

HOME = "127.0.0.1"


@dataclass
class Side:
    """One agent's part in a pair test."""

    task: PairTask
    run: str = "r1"
    go: tuple[bool, str] = (True, "")
    meet: Callable[[], Any] = lambda: None

    def perform(self) -> None:
        self.told = Collected("round-1")
        run_pair_task(
            self.task,
            run=self.run,
            address=HOME,
            stream=self.told.stream,
            ready=self._ready,
            counting=Counting(address=HOME),
            environ=environ(),
            log=silent_log(),
        )

    @property
    def pair(self) -> Pair:
        (pair,) = self.told.of("pair")
        assert isinstance(pair, Pair)
        return pair

    def _ready(self, _task: str, _wait_s: float) -> tuple[bool, str]:
        self.meet()
        return self.go


def task(role: Literal["listen", "connect"], port: int, **changes: Any) -> PairTask:
    plain = PairTask(
        id="round-1/a+b",
        round=1,
        peer="b" if role == "listen" else "a",
        role=role,
        peer_address=HOME,
        port=port,
        streams=2,
        seconds=0.3,
        pings=50,
        ready_limit_s=5.0,
        limit_s=20.0,
    )
    return replace(plain, **changes)


def both(port: int, **changes: Any) -> tuple[Side, Side]:
    barrier = threading.Barrier(2, timeout=10.0)
    return (
        Side(task("listen", port, **changes), meet=barrier.wait),
        Side(task("connect", port, **changes), meet=barrier.wait),
    )


@pytest.fixture
def port() -> int:
    with socket.create_server((HOME, 0)) as probe:
        return int(probe.getsockname()[1])


def test_each_side_reports_both_directions_and_the_bytes_agree(port: int) -> None:
    listening, connecting = both(port)

    in_threads([listening.perform, connecting.perform])

    assert (listening.pair.outcome, connecting.pair.outcome) == ("ok", "ok")
    of = [
        {sample.direction: sample for sample in side.pair.samples}
        for side in (listening, connecting)
    ]
    assert [sorted(each) for each in of] == [["receive", "round_trip", "send"]] * 2
    assert of[0]["send"].bytes == of[1]["receive"].bytes > 0
    assert of[1]["send"].bytes == of[0]["receive"].bytes > 0
    for each in of:
        received = each["receive"]
        assert received.value == pytest.approx(received.bytes * 8 / received.seconds / 1e9)
        assert received.streams == 2
        assert each["send"].retransmits is not None
        assert each["round_trip"].bytes == 50 * 64
        assert each["round_trip"].p99 is not None
        assert 0 < (each["round_trip"].value or 0) <= each["round_trip"].p99


def test_end_closes_the_round(port: int) -> None:
    listening, connecting = both(port, pings=0)

    in_threads([listening.perform, connecting.perform])

    (end,) = listening.told.of("end")
    assert (end.stream, end.records, end.not_run) == ("round-1", 2, ())
    assert [s.metric for s in listening.pair.samples] == ["tcp_throughput"] * 2


def test_late_peer_is_late_and_nobody_waits_at_the_port(port: int) -> None:
    side = Side(task("connect", port), go=(False, "peer_late"))

    side.perform()

    assert (side.pair.outcome, side.pair.samples) == ("peer_late", ())


def test_peer_that_is_not_there_is_a_failure_with_its_address(port: int) -> None:
    side = Side(task("connect", port))

    side.perform()

    assert side.pair.outcome == "failed"
    assert f"{HOME} port {port} cannot be reached" in side.pair.reason


def test_port_that_is_taken_is_a_failure_with_its_number(port: int) -> None:
    with socket.create_server((HOME, port)):
        side = Side(task("listen", port))
        side.perform()

    assert side.pair.outcome == "failed"
    assert f"port {port} on {HOME} could not be opened" in side.pair.reason


def test_strangers_are_hung_up_on_and_the_peer_is_still_served(port: int) -> None:
    listening, connecting = both(port, pings=0)
    heard: list[bytes] = []

    def intrude() -> None:
        for words in (b"GET / HTTP/1.1\r\n\r\n", b'{"run": "r2", "task": "round-1/a+b"}\n'):
            with socket.create_connection((HOME, port), timeout=5.0) as stranger:
                stranger.sendall(words)
                stranger.settimeout(10.0)
                heard.append(_all_from(stranger))

    def meet_after_intrusion() -> None:
        in_threads([intrude])

    thread = threading.Thread(target=listening.perform)
    listening.meet = lambda: None
    connecting.meet = meet_after_intrusion
    thread.start()
    time.sleep(0.3)
    connecting.perform()
    thread.join()

    assert heard == [b"", b""]
    assert (listening.pair.outcome, connecting.pair.outcome) == ("ok", "ok")


def test_agents_of_two_runs_do_not_meet(port: int) -> None:
    listening, connecting = both(port)
    connecting.run = "another"
    listening.task = replace(listening.task, limit_s=2.0)

    in_threads([listening.perform, connecting.perform])

    assert connecting.pair.outcome == "failed"
    assert "is not the peer of this test" in connecting.pair.reason
    assert listening.pair.outcome == "timeout"
    assert not listening.pair.samples


def test_peer_that_dies_half_way_ends_the_test_of_the_other(port: int) -> None:
    listening, connecting = both(port, seconds=5.0, pings=0)
    connecting.task = replace(connecting.task, limit_s=1.5)
    began = time.monotonic()

    in_threads([listening.perform, connecting.perform])

    assert connecting.pair.outcome == "timeout"
    assert listening.pair.outcome == "failed"
    assert listening.pair.reason
    assert time.monotonic() - began < 15.0


def _all_from(connection: socket.socket) -> bytes:
    heard = b""
    try:
        while more := connection.recv(4096):
            heard += more
    except ConnectionResetError:
        pass
    return heard

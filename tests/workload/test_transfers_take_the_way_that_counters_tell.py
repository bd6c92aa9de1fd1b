"""Bytes go between named addresses and are counted where they pass."""

import asyncio
import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aiconform.workload.answering import Request, Response
from aiconform.workload.errors import RefusedError
from aiconform.workload.http1 import Head
from aiconform.workload.nic.command import Desk
from aiconform.workload.nic.looking import look
from aiconform.workload.nic.transfer import CHUNK_BYTES, Receiver, send
from tests.workload.support import IDENTITY, process


def until(true: Callable[[], bool]) -> None:
    limit = time.monotonic() + 10
    while not true() and time.monotonic() < limit:
        time.sleep(0.01)
    assert true()


def test_own_loopback_is_seen_with_its_address_and_counters() -> None:
    (found,) = [i for i in look()["interfaces"] if i["name"] == "lo"]

    assert "127.0.0.1" in found["addresses"]
    assert found["rx_bytes"] >= 0
    assert found["mtu"] > 0


def test_transfer_arrives_whole_and_is_counted() -> None:
    def carried() -> int:
        return int(next(i["tx_bytes"] for i in look()["interfaces"] if i["name"] == "lo"))

    receiver, before = Receiver.at("127.0.0.1", "w0rd"), carried()
    count = 5 * CHUNK_BYTES + 7

    sent = send(source="127.0.0.1", to="127.0.0.1", port=receiver.port, count=count, word="w0rd")

    until(lambda: receiver.done)
    assert (sent["bytes"], sent["error"]) == (count, None)
    assert (receiver.bytes, receiver.peer) == (count, "127.0.0.1")
    assert carried() - before >= count


def test_stranger_is_cut_off_and_the_transfer_still_taken() -> None:
    receiver = Receiver.at("127.0.0.1", "w0rd")
    with socket.create_connection(("127.0.0.1", receiver.port)) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")

    send(source="127.0.0.1", to="127.0.0.1", port=receiver.port, count=10, word="w0rd")

    until(lambda: receiver.done)
    assert (receiver.bytes, receiver.strangers) == (10, 1)


def test_trouble_is_told_by_its_name() -> None:
    receiver = Receiver.at("127.0.0.1", "w0rd")
    receiver.close()

    closed = send(source="127.0.0.1", to="127.0.0.1", port=receiver.port, count=1, word="w0rd")
    foreign = send(source="192.0.2.1", to="127.0.0.1", port=receiver.port, count=1, word="w0rd")

    assert closed["error"] == "ECONNREFUSED"
    assert foreign["error"] == "EADDRNOTAVAIL"
    with pytest.raises(RefusedError, match=r"192\.0\.2\.1"):
        Receiver.at("192.0.2.1", "w0rd")


def test_rdma_devices_and_addresses_of_interfaces_are_read(tmp_path: Path) -> None:
    port = tmp_path / "rdma" / "mlx5_0" / "ports" / "1"
    (port / "counters").mkdir(parents=True)
    (port / "link_layer").write_text("InfiniBand\n")
    (port / "counters" / "port_xmit_data").write_text("25\n")
    net = tmp_path / "net" / "net1"
    (net / "statistics").mkdir(parents=True)
    (net / "address").write_text("02:00:00:00:00:01\n")
    (net / "speed").write_text("unknown\n")
    inet6 = tmp_path / "if_inet6"
    inet6.write_text(
        "fd000000000000000000000000000001 02 40 00 80 net1\n"
        "fe800000000000000000000000000001 02 40 20 80 net1\n"
    )

    seen = look(net=str(tmp_path / "net"), rdma=str(tmp_path / "rdma"), inet6=str(inet6))

    (device,), (interface,) = seen["rdma"], seen["interfaces"]
    assert device["ports"][0]["tx_bytes"] == 100
    assert device["ports"][0]["rx_bytes"] is None
    assert interface["addresses"] == ["fd00::1"]
    assert interface["mac"] == "02:00:00:00:00:01"
    assert interface["speed_mbit_per_s"] is None


def ask(desk: Desk, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
    data = b"" if body is None else json.dumps(body).encode()
    request = Request("POST", path, (), Head(("POST", path, "HTTP/1.1"), ()), data, 1, False)
    answer: Response = asyncio.run(desk.answer(request))
    assert isinstance(answer.body, bytes)
    return answer.status, json.loads(answer.body)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/receive", {}),
        ("/received", None),
        ("/send", {"source": "127.0.0.1", "to": "127.0.0.1", "port": 0, "bytes": 1}),
        ("/send", {"source": "127.0.0.1", "to": "127.0.0.1", "port": 1, "bytes": True}),
    ],
)
def test_request_that_makes_no_sense_is_refused(path: str, body: Any) -> None:
    with pytest.raises(RefusedError):
        ask(Desk(IDENTITY), path, body)


def test_two_programs_carry_bytes_on_request() -> None:
    flags = ("nic", "--port", "0", "--host", "127.0.0.1", "--nonce", "n1")
    with process(*flags) as one, process(*flags) as other:
        ports = []
        for it in (one, other):
            assert it.line()["event"] == "nic.seen"
            ports.append(it.line()["port"])
        port = _post(ports[0], "receive", {"address": "127.0.0.1"})["port"]
        asked = {"source": "127.0.0.1", "to": "127.0.0.1", "port": port, "bytes": 1_000_000}
        sent = _post(ports[1], "send", asked)
        until(lambda: bool(_post(ports[0], "received", {})["done"]))
        got = _post(ports[0], "received", {})
        assert one.end() == other.end() == 0

    assert sent["bytes"] == got["bytes"] == 1_000_000
    assert got["nonce"] == "n1"


def _post(port: int, what: str, body: dict[str, Any]) -> dict[str, Any]:
    from http.client import HTTPConnection

    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", f"/{what}", body=json.dumps(body))
    answer = connection.getresponse().read()
    connection.close()
    return dict(json.loads(answer))

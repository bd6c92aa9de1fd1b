"""What interfaces and ports counted while something was done, from the files that they show."""

import socket
import threading
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiconform.agent.counting import Counting
from aiconform.agent.inventory.addresses import interface_of
from aiconform.agent.inventory.counters import MOST, Reading, busiest, moved, read_reading
from aiconform.agent.inventory.read import Tree
from aiconform.model.wire import Counters
from tests.agent.support import Collected
from tests.agent.trees import plant

NET = "/sys/class/net"
PORT = "/sys/class/infiniband/mlx5_0/ports/1"

# A pod with a veth, a Mellanox VF as second interface, and the card's InfiniBand port.
BEFORE = {
    f"{NET}/eth0/statistics/rx_bytes": "1000\n",
    f"{NET}/eth0/statistics/tx_bytes": "5000\n",
    f"{NET}/eth0/statistics/rx_errors": "0\n",
    f"{NET}/eth0/carrier_down_count": "1\n",
    f"{NET}/net1/statistics/rx_bytes": "70\n",
    f"{NET}/net1/statistics/tx_bytes": "4294967295\n",
    f"{PORT}/counters/port_xmit_data": "250\n",
    f"{PORT}/counters/port_rcv_data": "4294967295\n",
    f"{PORT}/counters/symbol_error": "65535\n",
    f"{PORT}/counters/link_downed": "2\n",
    f"{PORT}/hw_counters/out_of_sequence": "3\n",
}
AFTER = {
    **BEFORE,
    f"{NET}/eth0/statistics/rx_bytes": "1700\n",
    f"{NET}/eth0/statistics/tx_bytes": "905000\n",
    f"{NET}/eth0/carrier_down_count": "2\n",
    f"{NET}/net1/statistics/tx_bytes": "12\n",  # a driver with 32 bits
    f"{PORT}/counters/port_xmit_data": "1250\n",
    f"{PORT}/hw_counters/out_of_sequence": "9\n",
}


class Sequence:
    """Looks that show one reading after the other; the last one again and again."""

    def __init__(self, *readings: Reading) -> None:
        self.readings = list(readings)

    def __call__(self) -> Reading:
        return self.readings.pop(0) if len(self.readings) > 1 else self.readings[0]


def reading(files: dict[str, str], root: Path) -> Reading:
    return read_reading(Tree(plant(files, root)))


def told(counting: Counting, **words: object) -> Counters | None:
    """What the collector would take of it."""
    collected = Collected("round-1")
    before = counting.look()
    body = counting.since(before, about="tcp.pair", peer="node2", **words)  # type: ignore[arg-type]
    if body is None:
        return None
    collected.stream.add(body)
    (record,) = collected.of("counters")
    assert isinstance(record, Counters)
    return record


def test_what_moved_is_after_less_before(tmp_path: Path) -> None:
    looks = Sequence(reading(BEFORE, tmp_path / "a"), reading(AFTER, tmp_path / "b"))

    record = told(Counting(address="127.0.0.1", look=looks))

    assert record is not None
    by = {each.name: each.by for each in (*record.interfaces, *record.rdma_ports)}
    assert by["eth0"] == {
        "rx_bytes": 700, "tx_bytes": 900_000, "rx_errors": 0, "carrier_down_count": 1,
    }  # fmt: skip
    assert by["net1"]["tx_bytes"] == 12 - 4294967295  # it went backwards, and says so
    # A counter that stands at its end says nothing any more.
    assert by["mlx5_0/1"] == {"port_xmit_data": 1000, "link_downed": 0, "out_of_sequence": 6}
    assert (record.meant, record.peer, record.left_out_count) == ("lo", "node2", 0)


def test_interface_that_comes_or_goes_is_not_told(tmp_path: Path) -> None:
    one = {path: text for path, text in BEFORE.items() if "net1" not in path}
    looks = Sequence(reading(one, tmp_path / "a"), reading(BEFORE, tmp_path / "b"))

    record = told(Counting(address="127.0.0.1", look=looks))

    assert record is not None
    assert [each.name for each in record.interfaces] == ["eth0"]


def test_counters_that_lag_behind_are_waited_for(tmp_path: Path) -> None:
    first, last = reading(BEFORE, tmp_path / "a"), reading(AFTER, tmp_path / "b")
    as_lo = [Reading({"lo": each.interfaces["eth0"]}, {}) for each in (first, first, first, last)]
    samples = [{"direction": "send", "bytes": 890_000}, {"direction": "receive", "bytes": 650}]

    record = told(Counting(address="127.0.0.1", look=Sequence(*as_lo)), samples=samples)

    assert record is not None
    assert record.interfaces[0].by["tx_bytes"] == 900_000


def test_look_that_hangs_is_left_and_never_tried_again() -> None:
    free, looks = threading.Event(), []

    def hang() -> Reading:
        looks.append(1)
        free.wait(30.0)
        return Reading({}, {})

    counting = Counting(address="127.0.0.1", look=hang, limit_s=0.1)
    began = time.monotonic()

    assert told(counting) is None
    assert counting.look() is None
    free.set()

    assert len(looks) == 1
    assert time.monotonic() - began < 5.0


def test_machine_without_any_counters_tells_an_empty_record(tmp_path: Path) -> None:
    tree = Tree(tmp_path)

    record = told(Counting(address="127.0.0.1", look=lambda: read_reading(tree)))

    assert record is not None
    assert (record.interfaces, record.rdma_ports) == ((), ())


def test_of_very_many_interfaces_the_busiest_are_told() -> None:
    many = {f"veth{n}": {"tx_bytes": n} for n in range(500)}

    kept = busiest(many)

    assert len(kept) == MOST
    assert "veth499" in kept


ODD = st.text(max_size=30) | st.integers().map(str) | st.sampled_from(["", "-1\n", "1e9", "\0"])


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    before=st.dictionaries(st.sampled_from(sorted(BEFORE)), ODD),
    after=st.dictionaries(st.sampled_from(sorted(BEFORE)), ODD),
)
def test_whatever_a_driver_shows_the_record_is_one_that_is_taken(
    tmp_path: Path, before: dict[str, str], after: dict[str, str]
) -> None:
    looks = Sequence(
        reading(BEFORE | before, tmp_path / "a"), reading(BEFORE | after, tmp_path / "b")
    )

    assert told(Counting(address="127.0.0.1", look=looks)) is not None


def test_difference_larger_than_a_record_holds_is_left_out() -> None:
    looks = Sequence(
        Reading({"lo": {"tx_bytes": -(2**63)}}, {}), Reading({"lo": {"tx_bytes": 2**63 - 1}}, {})
    )

    record = told(Counting(address="127.0.0.1", look=looks))

    assert record is not None
    assert record.interfaces[0].by == {}


def test_interface_is_known_by_its_address() -> None:
    assert interface_of("127.0.0.1") == "lo"
    assert interface_of("203.0.113.7") is None
    assert interface_of("no address") is None


def test_interface_is_known_by_its_address_of_ipv6(tmp_path: Path) -> None:
    lines = (
        "00000000000000000000000000000001 01 80 10 80       lo\n"
        "fd0000000000000000000000000000a7 0c 40 00 80     eth0\n"
    )
    tree = Tree(plant({"/proc/net/if_inet6": lines}, tmp_path))

    assert interface_of("fd00::a7", tree=tree) == "eth0"
    assert interface_of("fd00::a8", tree=tree) is None
    assert interface_of("fd00::a7", tree=Tree(tmp_path / "none")) is None


@pytest.mark.skipif(not Path("/sys/class/net/lo/statistics").exists(), reason="no sysfs here")
def test_this_machine_counts_what_it_sends_to_itself() -> None:
    counting = Counting(address="127.0.0.1")
    before = counting.look()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth:
        mouth.sendto(b"x" * 1000, ("127.0.0.1", 9))

    body = counting.since(before, about="tcp.pair")

    assert body is not None
    lo = next(each for each in body["interfaces"] if each["name"] == "lo")
    assert lo["by"]["tx_bytes"] >= 1000


def test_moved_needs_both_looks() -> None:
    assert moved({}, {"eth0": {"tx_bytes": 1}}) == {}
    assert moved({"eth0": {}}, {"eth0": {"tx_bytes": 1}}) == {"eth0": {}}

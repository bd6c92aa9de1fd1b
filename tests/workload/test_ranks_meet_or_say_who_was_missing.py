"""A rank ends well only when all ranks, each a pod of its own, were there in every round."""

import asyncio
import socket
from collections.abc import Sequence

import pytest

from aiconform.workload.barrier.meeting import Gang, Meeting
from aiconform.workload.barrier.peers import (
    KnownPeers,
    PeerError,
    Place,
    ServicePeers,
    parse_place,
)
from tests.workload.support import finished, last_line, process


async def test_all_ranks_meet_twice() -> None:
    meetings = await _gang(5)

    await asyncio.wait_for(asyncio.gather(*(each.meet_all() for each in meetings)), 20)

    for each in meetings:
        assert [len(one.met) for one in each.rounds] == [4, 4]
        assert each.missing == {}
        assert each.doubts() == []
    await asyncio.wait_for(asyncio.gather(*(each.linger() for each in meetings)), 5)
    await _close(meetings)


async def test_no_rank_passes_the_round_that_another_has_not_reached() -> None:
    """Ranks that were there at different times have not met."""
    first, second, third = await _gang(3)
    ahead = asyncio.create_task(first.meet_all()), asyncio.create_task(second.meet_all())
    await asyncio.sleep(1.0)

    assert not any(task.done() for task in ahead)
    assert first.missing == {1: [2], 2: [1, 2]}
    await asyncio.wait_for(asyncio.gather(third.meet_all(), *ahead), 10)
    assert first.missing == {}
    await _close((first, second, third))


async def test_one_pod_that_answers_for_several_ranks_is_doubted() -> None:
    """As behind a Service with an address of its own, where one pod may answer for all."""
    meetings = await _gang(3, uids=("u0", "u1", "u1"))

    await asyncio.wait_for(asyncio.gather(*(each.meet_all() for each in meetings)), 10)

    assert "one pod answered for several ranks" in meetings[0].doubts()[0]
    await _close(meetings)


async def test_other_gang_on_the_same_port_is_not_met() -> None:
    ours, _ = gang = await _gang(2)
    (stranger,) = await _listening([Gang("other", 1, 2, "ux")])
    ours._peers = KnownPeers([_place(ours, 0), _place(stranger, 1)])
    meet = asyncio.create_task(ours.meet_all())
    await asyncio.sleep(0.6)

    assert ours.missing == {1: [1], 2: [1]}
    assert "another gang" in next(iter(ours.troubles.values()))
    meet.cancel()
    await asyncio.gather(meet, return_exceptions=True)
    await _close((*gang, stranger))


async def test_wrong_rank_behind_a_name_is_not_met() -> None:
    zero, one, two = await _gang(3)
    zero._peers = KnownPeers([_place(zero, 0), _place(two, 1), _place(one, 2)])
    meet = asyncio.create_task(zero.meet_all())
    others = asyncio.create_task(one.meet_all()), asyncio.create_task(two.meet_all())
    await asyncio.sleep(0.6)

    assert zero.missing == {1: [1, 2], 2: [1, 2]}
    assert any("says it is rank 2" in trouble for trouble in zero.troubles.values())
    for task in (meet, *others):
        task.cancel()
    await asyncio.gather(meet, *others, return_exceptions=True)
    await _close((zero, one, two))


async def test_restarted_rank_is_doubted() -> None:
    zero, one = await _gang(2)
    await asyncio.gather(zero.meet_all(), one.meet_all())
    zero.rounds[1].met[1]["boot"] = "another"

    assert zero.doubts() == ["rank 1 was restarted between the rounds"]
    await _close((zero, one))


async def test_noise_on_the_port_disturbs_nobody() -> None:
    zero, one = await _gang(2)
    for noise in (b"", b"GET / HTTP/1.1\r\n\r\n", b"{}\n", b'{"nonce": 1}\n', b"x" * 10_000):
        _, writer = await asyncio.open_connection("127.0.0.1", zero.port)
        writer.write(noise)
        writer.close()

    await asyncio.wait_for(asyncio.gather(zero.meet_all(), one.meet_all()), 10)

    assert zero.missing == {}
    await _close((zero, one))


async def test_service_gives_every_address_and_each_answerer_says_its_rank() -> None:
    meetings = await _listening([Gang("g", rank, 2, f"u{rank}") for rank in range(2)])

    class Both:
        async def places(self) -> Sequence[Place]:
            return [Place("127.0.0.1", each.port, None) for each in meetings]

    for each in meetings:
        each._peers = Both()
    await asyncio.wait_for(asyncio.gather(*(each.meet_all() for each in meetings)), 10)

    assert [sorted(each.rounds[1].met) for each in meetings] == [[1], [0]]
    assert (await ServicePeers("localhost", 1).places())[0].rank is None
    await _close(meetings)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a", ("a", 29400)),
        ("a.b:1", ("a.b", 1)),
        ("fd00::1", ("fd00::1", 29400)),
        ("[fd00::1]", ("fd00::1", 29400)),
        ("[fd00::1]:7", ("fd00::1", 7)),
        ("", None),
        (":1", None),
        ("a:b", None),
        ("a:70000", None),
    ],
)
def test_addresses_are_read(text: str, place: tuple[str, int] | None) -> None:
    if place is None:
        with pytest.raises(PeerError):
            parse_place(text, rank=0)
    else:
        assert (parse_place(text, rank=0).host, parse_place(text, rank=0).port) == place


def test_processes_meet_over_both_ip_versions_and_end_with_zero() -> None:
    ports = _free_ports(3)
    hosts = ("127.0.0.1", "[::1]", "localhost")
    peers = ",".join(f"{host}:{port}" for host, port in zip(hosts, ports, strict=True))
    flags = ("--peers", peers, "--nonce", "g", "--within", "40")

    with (
        process("barrier", *flags, "--rank", "0", "--port", str(ports[0])) as zero,
        process("barrier", *flags, "--port", str(ports[1]), environ=_as_rank(1)) as one,
    ):
        done = finished("barrier", *flags, "--port", str(ports[2]), environ=_as_rank(2))
        statuses = [zero.child.wait(10), one.child.wait(10), done.returncode]

    assert statuses == [0, 0, 0]
    assert last_line(done)["met_all"] is True
    assert last_line(done)["rounds"][1]["met"]["1"]["pod_uid"] == "u1"


def test_rank_that_is_left_alone_says_who_was_missing() -> None:
    port, other = _free_ports(2)
    flags = ("--peers", f"127.0.0.1:{port},127.0.0.1:{other}", "--rank", "0", "--port", str(port))

    done = finished("barrier", *flags, "--within", "0.5")

    told = last_line(done)
    assert done.returncode == 1
    assert (told["met_all"], told["ended"]) == (False, "within")
    assert told["missing"] == {"1": [1], "2": [1]}
    assert "ConnectionRefusedError" in told["troubles"][f"127.0.0.1:{other}"]


@pytest.mark.parametrize(
    "flags",
    [
        ("--peers", "a,b"),  # no rank
        ("--peers", "a,b", "--rank", "2"),
        ("--peers", "a,b", "--rank", "0", "--ranks", "3"),
        ("--peer-name", "x", "--ranks", "2", "--rank", "0"),
        ("--service", "x", "--rank", "0"),
        ("--service", "x", "--peers", "a", "--rank", "0"),
    ],
)
def test_gang_that_cannot_be_is_refused(flags: tuple[str, ...]) -> None:
    assert finished("barrier", *flags).returncode == 2


async def _gang(count: int, *, uids: Sequence[str] | None = None) -> list[Meeting]:
    names = uids or [f"u{rank}" for rank in range(count)]
    meetings = await _listening([Gang("g", rank, count, names[rank]) for rank in range(count)])
    for each in meetings:
        each._peers = KnownPeers([_place(one, rank) for rank, one in enumerate(meetings)])
    return meetings


async def _listening(gangs: Sequence[Gang]) -> list[Meeting]:
    meetings = [Meeting(gang, KnownPeers(())) for gang in gangs]
    for each in meetings:
        await each.listen(host=None, port=0)
    return meetings


def _place(meeting: Meeting, rank: int) -> Place:
    return Place("127.0.0.1", meeting.port, rank)


async def _close(meetings: Sequence[Meeting]) -> None:
    for each in meetings:
        await each.close()


def _as_rank(rank: int) -> dict[str, str]:
    return {"JOB_COMPLETION_INDEX": str(rank), "AICONFORM_POD_UID": f"u{rank}"}


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports

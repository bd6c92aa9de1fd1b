"""`python3 -m aiconform.workload barrier`."""

import argparse
import asyncio
import contextlib
import os
from collections.abc import Sequence
from typing import Literal

from aiconform.workload.barrier.meeting import Gang, Meeting
from aiconform.workload.barrier.peers import (
    DEFAULT_PORT,
    KnownPeers,
    PeerError,
    Peers,
    Place,
    ServicePeers,
    parse_place,
)
from aiconform.workload.flags import new_parser, seconds, whole
from aiconform.workload.identity import add_identity_flags, read_identity
from aiconform.workload.loop import INTERRUPTED, run_until_stopped
from aiconform.workload.voice import Voice

DESCRIPTION = """\
One rank of a gang. It asks every other rank over TCP and answers them, in two rounds: a rank
answers for a round only when it has reached it. Exit status 0 means that all ranks met in all
rounds, each a different pod. Then it waits a little for those that have yet to meet it.

Where the others are is said by one of --peers, --peer-name and --service. The rank is
JOB_COMPLETION_INDEX when --rank is left out."""

EXAMPLES = """\
  python3 -m aiconform.workload barrier --ranks 4 --peer-name 'gang-{rank}.gang' --nonce r1
  python3 -m aiconform.workload barrier --ranks 4 --service gang    # headless, not-ready published
  python3 -m aiconform.workload barrier --rank 0 --peers 10.0.0.1,10.0.0.2:29401,[fd00::3]:29400"""

RANK_LIMIT = 512
Ended = Literal["met", "within", "stopped"]


def run(arguments: Sequence[str]) -> int:
    parser = _parser()
    flags = parser.parse_args(arguments)
    identity = read_identity(flags)
    voice = Voice(identity)
    try:
        count, peers = _peers(flags)
    except PeerError as exc:
        parser.error(str(exc))
    rank = _rank(flags)
    if rank is None or not 0 <= rank < count:
        parser.error(f"--rank (or JOB_COMPLETION_INDEX) must be 0 to {count - 1}")
    gang = Gang(
        nonce=identity.nonce or "",
        rank=rank,
        rank_count=count,
        pod_uid=identity.pod_uid,
        round_count=flags.rounds,
    )

    async def program(stop: asyncio.Event) -> int:
        return await _meet(gang, peers, flags=flags, voice=voice, stop=stop)

    return run_until_stopped(program)


async def _meet(
    gang: Gang, peers: Peers, *, flags: argparse.Namespace, voice: Voice, stop: asyncio.Event
) -> int:
    meeting = Meeting(gang, peers)
    await meeting.listen(host=flags.host, port=flags.port)
    voice.say("barrier.listening", port=meeting.port, rank=gang.rank, ranks=gang.rank_count)
    meet = asyncio.create_task(meeting.meet_all())
    stopped = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait(
        (meet, stopped), timeout=flags.within, return_when=asyncio.FIRST_COMPLETED
    )
    ended: Ended = "stopped" if stopped in done else "within"
    if meet in done:
        meet.result()
        ended = "met"
    meet.cancel()
    doubts = meeting.doubts()
    sound = ended == "met" and not doubts
    voice.say(
        "barrier.done",
        rank=gang.rank,
        ranks=gang.rank_count,
        met_all=sound,
        ended=ended,
        rounds=[vars(each) for each in meeting.rounds],
        missing=meeting.missing,
        troubles=meeting.troubles,
        doubts=doubts,
    )
    if ended == "met":
        linger = asyncio.create_task(meeting.linger())
        await asyncio.wait(
            (linger, stopped), timeout=flags.linger, return_when=asyncio.FIRST_COMPLETED
        )
        linger.cancel()
    await meeting.close()
    return 0 if sound else INTERRUPTED if ended == "stopped" else 1


def _peers(flags: argparse.Namespace) -> tuple[int, Peers]:
    if flags.peers is not None:
        texts = flags.peers.split(",")
        places = [parse_place(text.strip(), rank=rank) for rank, text in enumerate(texts)]
        if flags.ranks not in (None, len(places)):
            raise PeerError(f"--ranks is {flags.ranks}, but --peers names {len(places)}")
        return len(places), KnownPeers(places)
    if flags.ranks is None:
        raise PeerError("--ranks is needed with --peer-name and --service")
    if flags.service is not None:
        return flags.ranks, ServicePeers(flags.service, flags.port)
    if "{rank}" not in flags.peer_name:
        raise PeerError("--peer-name must contain {rank}")
    names = [flags.peer_name.replace("{rank}", str(rank)) for rank in range(flags.ranks)]
    places = [Place(name, flags.port, rank) for rank, name in enumerate(names)]
    return flags.ranks, KnownPeers(places)


def _rank(flags: argparse.Namespace) -> int | None:
    if flags.rank is not None:
        return int(flags.rank)
    with contextlib.suppress(ValueError):
        return int(os.environ.get("JOB_COMPLETION_INDEX", ""))
    return None


def _parser() -> argparse.ArgumentParser:
    parser = new_parser("barrier", description=DESCRIPTION, examples=EXAMPLES)
    add_identity_flags(parser)
    add = parser.add_argument
    add("--rank", type=whole(0, RANK_LIMIT - 1), help="which rank this is, from 0")
    add("--ranks", type=whole(1, RANK_LIMIT), help="how many there are")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--peers", metavar="HOST[:PORT],...", help="all ranks' addresses, in order")
    where.add_argument("--peer-name", metavar="NAME", help="each rank's name, with {rank} in it")
    where.add_argument("--service", metavar="NAME", help="a headless Service over all ranks")
    add("--port", type=whole(0, 65535), default=DEFAULT_PORT, help="default: %(default)s")
    add("--host", help="address to listen on (default: every address)")
    add("--rounds", type=whole(1, 10), default=2, help="default: %(default)s")
    add("--within", type=seconds(0.1, 3600), default=120.0, help="seconds (default: %(default)s)")
    add("--linger", type=seconds(0, 600), default=30.0, help="seconds (default: %(default)s)")
    return parser

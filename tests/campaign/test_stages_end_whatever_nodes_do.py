"""Stages hand out work, wait for it within limits, and go on where an earlier coordinator was."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from aiconform.campaign.alone import AloneStage
from aiconform.campaign.recorder import Recorder
from aiconform.campaign.rounds import RoundsStage
from aiconform.collector import TaskBoard
from aiconform.model.plan import Limits, RunConfig
from aiconform.model.records import RoundClosed, RoundOpened
from tests.campaign.agents import RUN, QuickAgents, new_recorder, planned

NODES = ("n1", "n2", "n3", "n4")
CONFIG = RunConfig(name=RUN, limits=Limits(round_s=0.5, self_s=0.1))


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    with closing(new_recorder(tmp_path)) as recorder:
        yield recorder


@asynccontextmanager
async def agents(
    recorder: Recorder, board: TaskBoard, *, silent: Collection[str] = ()
) -> AsyncIterator[QuickAgents]:
    quick = QuickAgents(recorder, board, silent=silent)
    task = asyncio.create_task(quick.work(*NODES))
    yield quick
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def alone(recorder: Recorder, board: TaskBoard) -> None:
    clock = asyncio.get_running_loop().time
    stage = AloneStage(recorder=recorder, board=board, config=CONFIG, monotonic=clock)
    async with asyncio.timeout(60):
        await stage.run()


async def rounds(recorder: Recorder, board: TaskBoard) -> None:
    async with asyncio.timeout(60):
        await RoundsStage(recorder=recorder, board=board, config=CONFIG).run()


def closed(recorder: Recorder) -> list[RoundClosed]:
    return [e.record for e in recorder.read() if isinstance(e.record, RoundClosed)]


def opened(recorder: Recorder) -> list[RoundOpened]:
    return [e.record for e in recorder.read() if isinstance(e.record, RoundOpened)]


async def test_every_node_exercises_itself_once(recorder: Recorder) -> None:
    board = TaskBoard()
    await recorder.append(planned(*NODES))

    async with agents(recorder, board) as quick:
        await alone(recorder, board)

    assert sorted(quick.done) == [(node, "self") for node in NODES]


async def test_node_that_never_ends_its_exercises_is_given_up(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aiconform.campaign.alone.GRACE_S", 0.1)
    board = TaskBoard()
    await recorder.append(planned(*NODES))

    async with agents(recorder, board, silent={"n3"}):
        await alone(recorder, board)

    lost = recorder.state.nodes["n3"]
    assert (lost.state, lost.reason) == ("lost", "Deadline")
    assert "run.limits.selfS" in lost.sentence


async def test_every_pair_meets_twice_and_no_node_is_in_two_pairs(recorder: Recorder) -> None:
    board = TaskBoard()
    await recorder.append(planned(*NODES))

    async with agents(recorder, board):
        await alone(recorder, board)
        await rounds(recorder, board)

    pairs = [pair for record in opened(recorder) for pair in record.pairs]
    assert {pairs.count(pair) for pair in pairs} == {2}
    assert len(set(pairs)) == 6
    for record in opened(recorder):
        met = [node for pair in record.pairs for node in pair]
        assert len(met) == len(set(met))
    assert all(not record.not_run for record in closed(recorder))


async def test_silent_partner_costs_its_pair_and_not_the_round(recorder: Recorder) -> None:
    """Its pairs end at the limit and say so; the others of the round are measured."""
    board = TaskBoard()
    await recorder.append(planned(*NODES))
    async with agents(recorder, board):
        await alone(recorder, board)

    async with agents(recorder, board, silent={"n3"}):
        await rounds(recorder, board)

    not_run = [pair for record in closed(recorder) for pair in record.not_run]
    assert not_run
    assert all("n3" in entry.pair for entry in not_run)
    assert {entry.reason for entry in not_run} == {"Deadline"}


async def test_next_coordinator_closes_the_open_round_and_repeats_none(
    recorder: Recorder, tmp_path: Path
) -> None:
    board = TaskBoard()
    await recorder.append(planned(*NODES))
    async with agents(recorder, board):
        await alone(recorder, board)
    await recorder.append(
        RoundOpened(round=0, purpose="circle", pairs=(("n1", "n4"), ("n2", "n3")))
    )

    with closing(new_recorder(tmp_path)) as successor:
        new_board = TaskBoard()
        async with agents(successor, new_board):
            await alone(successor, new_board)
            await rounds(successor, new_board)

    numbers = [record.round for record in opened(successor)]
    assert numbers == sorted(set(numbers))
    assert numbers[0] == 0
    assert len(closed(successor)) == len(numbers)

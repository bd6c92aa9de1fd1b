"""A budget ends the rounds in time, and the journal says what was not begun."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from aiconform.campaign.recorder import Recorder
from aiconform.campaign.rounds import RoundsStage
from aiconform.collector import TaskBoard
from aiconform.model.fabric import FabricSettings, PlannedTopology
from aiconform.model.plan import Limits, Probes, RunConfig
from aiconform.model.records import Planned, RoundOpened, RoundsStopped
from tests.campaign.agents import RUN, QuickAgents, new_recorder, planned

NODES = tuple(f"n{number:02}" for number in range(16))
LEAVES = {node: ("left" if node < "n08" else "right",) for node in NODES}


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    with closing(new_recorder(tmp_path)) as recorder:
        yield recorder


async def run(recorder: Recorder, *, budget_s: float, seconds_a_round: float) -> None:
    config = RunConfig(
        name=RUN,
        limits=Limits(round_s=5),
        probes=Probes(compute=False, memory=False),
        fabric=FabricSettings(budget_s=budget_s),
    )
    plan = planned(*NODES).plan
    known = PlannedTopology(source="test", leaves=LEAVES, unit_count=2)
    await recorder.append(Planned(plan=plan.model_copy(update={"topology": known})))
    board = TaskBoard()
    agents = asyncio.create_task(QuickAgents(recorder, board).work(*NODES))
    await recorder.wait_until(lambda: set(recorder.state.at_work()) == set(NODES))
    ticks = count()
    stage = RoundsStage(
        recorder=recorder,
        board=board,
        config=config,
        clock=lambda: 1000.0 + seconds_a_round * next(ticks),
    )
    async with asyncio.timeout(60):
        await stage.run()
    agents.cancel()
    await asyncio.gather(agents, return_exceptions=True)


def opened(recorder: Recorder) -> list[RoundOpened]:
    return [e.record for e in recorder.read() if isinstance(e.record, RoundOpened)]


async def test_what_does_not_fit_is_named(recorder: Recorder) -> None:
    await run(recorder, budget_s=60, seconds_a_round=20)

    (stopped,) = [e.record for e in recorder.read() if isinstance(e.record, RoundsStopped)]
    done = [each.purpose for each in opened(recorder)]
    assert done == ["matching", "soak", "soak"]
    assert stopped.reason == "Budget"
    assert stopped.left == ("soak",) * 6 + ("leaf",) * 6
    assert "12 rounds did not fit into 60 s" in stopped.sentence


async def test_without_a_budget_all_is_done(recorder: Recorder) -> None:
    await run(recorder, budget_s=0, seconds_a_round=20)

    assert not any(isinstance(e.record, RoundsStopped) for e in recorder.read())
    assert len(opened(recorder)) == 15


async def test_leaves_of_the_plan_are_matched_inside(recorder: Recorder) -> None:
    await run(recorder, budget_s=0, seconds_a_round=0)

    first, *_, last = opened(recorder)
    assert all(LEAVES[a] == LEAVES[b] for a, b in first.pairs)
    assert all(LEAVES[a] != LEAVES[b] for a, b in last.pairs)

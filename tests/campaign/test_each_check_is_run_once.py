"""The stage of checks: each to its end once, those with devices one after another, resumed."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from aiconform.campaign.checks import ChecksStage
from aiconform.campaign.planner import plan_run
from aiconform.campaign.recorder import Recorder
from aiconform.checks.framework import Check, Context
from aiconform.checks.framework.fake import FakePlatform
from aiconform.cluster.fake import FakeCluster
from aiconform.journal import Journal
from aiconform.model.errors import ConfigError
from aiconform.model.plan import Checks, Probes, RunConfig
from aiconform.model.records import CheckBegan, CheckEnded, Planned, RunOpened, Surveyed
from tests.checks.toy import TOY

IDS = ("dra_support", "ai_inference", "gang_scheduling", "pod_autoscaling")


class Stage:
    """A stage over a fake cluster, with checks that note when they are at work."""

    def __init__(self, path: Path, *, devices: frozenset[str] = frozenset()) -> None:
        self.platform = FakePlatform()
        self.at_work: set[str] = set()
        self.most: set[frozenset[str]] = set()
        self.ran: list[str] = []
        self.begun = asyncio.Event()
        self.config = RunConfig(
            name="r",
            probes=Probes(compute=False, memory=False, tcp=False),
            checks=Checks(enabled=IDS),
        )
        self.known = {check: self.check(check, devices=check in devices) for check in IDS}
        self.journal = Journal(path, clock=lambda: self.platform.now)
        self.recorder = Recorder(self.journal)
        self.cluster = FakeCluster()
        self.cluster.objects = self.platform.objects

    def check(self, check: str, *, devices: bool) -> Check:
        async def run(_: Context) -> None:
            self.ran.append(check)
            self.at_work.add(check)
            self.begun.set()
            self.most.add(frozenset(self.at_work))
            await asyncio.sleep(0.05)  # of real time, as the journal's writing is
            self.at_work.discard(check)

        return Check(
            id=check, rights=TOY.rights, time_box_s=60, cost="none", run=run,
            evaluate=TOY.evaluate, devices=int(devices),
        )  # fmt: skip

    async def open(self) -> None:
        surveyed = Surveyed(server_version="v1.37.2", nodes=())
        plan = plan_run(self.config, surveyed, checks=self.known)
        opened = RunOpened(run="r", version="0", config=self.config)
        await self.recorder.append(opened, surveyed, Planned(plan=plan))

    def stage(self) -> ChecksStage:
        return ChecksStage(
            recorder=self.recorder, cluster=self.cluster, config=self.config, job="aiconform",
            known=self.known, clock=lambda: self.platform.now, sleep=self.platform.sleep,
        )  # fmt: skip


Make = Callable[..., Stage]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    with ExitStack() as stack:

        def stage(**parts: frozenset[str]) -> Stage:
            made = Stage(tmp_path / "journal", **parts)
            stack.callback(made.journal.close)
            return made

        yield stage


async def test_all_planned_checks_run_side_by_side(make: Make) -> None:
    made = make()
    await made.open()

    await made.stage().run()

    assert sorted(made.ran) == sorted(IDS)
    assert max(map(len, made.most)) == 4
    assert made.recorder.state.checks_ended == set(IDS)
    assert made.stage().pending == ()


async def test_checks_with_devices_never_meet(make: Make) -> None:
    devices = frozenset({"dra_support", "gang_scheduling", "pod_autoscaling"})
    made = make(devices=devices)
    await made.open()

    await made.stage().run()

    assert all(len(together & devices) <= 1 for together in made.most)
    assert max(map(len, made.most)) == 2


async def test_next_coordinator_runs_only_what_has_not_ended(make: Make) -> None:
    made = make()
    await made.open()
    await made.recorder.append(
        CheckBegan(check="dra_support", time_box_s=60),
        CheckEnded(check="dra_support", how="complete"),
        CheckBegan(check="ai_inference", time_box_s=60),  # and then the pod was killed
    )

    await made.stage().run()

    assert "dra_support" not in made.ran
    assert "ai_inference" in made.ran


async def test_end_of_the_pod_ends_the_checks(make: Make) -> None:
    made = make()
    await made.open()
    task = asyncio.create_task(made.stage().run())
    await made.begun.wait()

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert not made.recorder.state.checks_ended
    assert made.recorder.state.checks_open


def test_plan_names_the_checks_and_their_cost(make: Make) -> None:
    made = make()

    plan = plan_run(made.config, Surveyed(server_version="v1.37.2", nodes=()), checks=made.known)

    assert plan.checks == IDS
    assert "4 requirements, at most 4 min" in plan.cost.sentence


def test_check_that_there_is_not_is_refused_by_name() -> None:
    config = RunConfig(name="r", checks=Checks(enabled=("gang_schedulin",)))

    with pytest.raises(ConfigError, match="gang_schedulin"):
        plan_run(config, Surveyed(server_version="v1.37.2", nodes=()), checks={TOY.id: TOY})

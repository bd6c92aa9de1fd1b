"""
The stage in which requirements are checked, before agents hold any accelerator.

Checks that need no device run side by side; those that do run one after another.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiconform.campaign.recorder import Recorder
from aiconform.checks.framework.check import Check
from aiconform.checks.framework.http import request
from aiconform.checks.framework.runner import run_check, sweep_earlier_runs
from aiconform.checks.framework.surroundings import Surroundings
from aiconform.cluster.protocol import Cluster
from aiconform.model.errors import ForbiddenError
from aiconform.model.plan import RunConfig

SIDE_BY_SIDE = 4

Json = dict[str, Any]


class ChecksStage:
    """Runs the planned checks that no earlier coordinator has brought to their end."""

    def __init__(
        self,
        *,
        recorder: Recorder,
        cluster: Cluster,
        config: RunConfig,
        job: str,
        known: Mapping[str, Check],
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._recorder, self._cluster, self._config = recorder, cluster, config
        self._job, self._known = job, known
        self._clock, self._sleep = clock, sleep

    @property
    def pending(self) -> tuple[Check, ...]:
        """In the order of the plan."""
        state = self._recorder.state
        planned = state.planned.plan.checks if state.planned else ()
        return tuple(
            self._known[check]
            for check in planned
            if check in self._known and check not in state.checks_ended
        )

    async def run(self) -> None:
        """
        Raises:
            JournalError: What checks see cannot be kept.
        """
        todo = self.pending
        around = self._surroundings()
        await sweep_earlier_runs(todo, around)
        slots = asyncio.Semaphore(SIDE_BY_SIDE)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_one_by_one([c for c in todo if c.devices], around))
                for check in todo:
                    if not check.devices:
                        group.create_task(_in_slot(check, around, slots))
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None

    def _surroundings(self) -> Surroundings:
        surveyed = self._recorder.state.surveyed
        return Surroundings(
            config=self._config,
            job=self._job,
            nodes=surveyed.nodes if surveyed else (),
            objects=self._cluster.objects,
            census=self._census,
            record=self._recorder.append,
            http=request,
            clock=self._clock,
            sleep=self._sleep,
        )

    async def _census(self) -> tuple[Sequence[Json], Sequence[Json] | None]:
        nodes = await self._cluster.nodes()
        try:
            return nodes, await self._cluster.pods_everywhere()
        except ForbiddenError:
            return nodes, None


async def _one_by_one(checks: Sequence[Check], around: Surroundings) -> None:
    for check in checks:
        await run_check(check, around)


async def _in_slot(check: Check, around: Surroundings, slots: asyncio.Semaphore) -> None:
    async with slots:
        await run_check(check, around)

"""Carries out a plan: lines of requests side by side, each request a sample, whatever it meets."""

import asyncio
import time

from aiconform.workload.load.attempt import Attempt
from aiconform.workload.load.plan import LoadPlan
from aiconform.workload.load.sample import Ended, LoadResult, Sample
from aiconform.workload.load.wire import Wire, exchange, open_wire, tls_context


async def generate(plan: LoadPlan, *, stop: asyncio.Event | None = None) -> LoadResult:
    """
    Args:
        stop: Set it to end early, with the samples that there are.

    Returns: One sample for each request that ended; those under way at the end are left out.

    Raises:
        PlanError: The CA file cannot be read.
    """
    load = _Load(plan)
    work = asyncio.create_task(load.run())
    stopped = asyncio.create_task((stop or asyncio.Event()).wait())
    try:
        done, _ = await asyncio.wait(
            (work, stopped), timeout=plan.limit_s, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        work.cancel()
        stopped.cancel()
        await asyncio.gather(work, stopped, return_exceptions=True)
    ended: Ended = "stopped" if stopped in done else "limit"
    if work in done:
        work.result()  # raises a mistake of ours; what a request meets is never raised
        ended = "streak" if load.complete else "count"
    return LoadResult(
        samples=tuple(load.samples),
        ended=ended,
        streak=load.streak,
        sent_count=load.sent_count,
        opened_count=load.opened_count,
        duration_s=time.monotonic() - load.began,
    )


class _Load:
    def __init__(self, plan: LoadPlan) -> None:
        self.began = time.monotonic()
        self.samples: list[Sample] = []
        self.streak = 0
        self.complete = False  # the streak is
        self.opened_count = 0
        self.sent_count = 0
        self._plan = plan
        self._tls = tls_context(plan)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as lines:
            for _ in range(self._plan.concurrency):
                lines.create_task(self._line())

    async def _line(self) -> None:
        """Requests one after another until the plan's count is sent."""
        wire: Wire | None = None
        try:
            while self.sent_count < self._plan.count and not self.complete:
                self.sent_count += 1
                sample, wire = await self._request(self.sent_count, wire)
                self._take(sample)
                if self._plan.pause_s and not self.complete:
                    await asyncio.sleep(self._plan.pause_s)
        finally:
            if wire is not None:
                await wire.close()

    def _take(self, sample: Sample) -> None:
        until = self._plan.until
        if self.complete:
            return
        self.samples.append(sample)
        if until is None:
            return
        hit = sample.trouble is None and sample.status == until.status
        hit = hit and until.pod_uid in (None, sample.pod_uid)
        self.streak = self.streak + 1 if hit else 0
        self.complete = self.streak >= until.length

    async def _request(self, number: int, wire: Wire | None) -> tuple[Sample, Wire | None]:
        """The sample, and the connection when it can carry another request."""
        attempt = Attempt(self._plan, number=number, load_began=self.began)
        try:
            async with asyncio.timeout(self._plan.timeout_s):
                wire = await self._exchange(attempt, wire)
        except Exception as exc:  # noqa: BLE001 - told in the sample, by class
            return attempt.failed(exc), None
        sample = attempt.answered()
        if self._plan.connections == "kept" and attempt.answer.reusable:
            return sample, wire
        await wire.close()
        return sample, None

    async def _exchange(self, attempt: Attempt, wire: Wire | None) -> Wire:
        """The connection over which the answer came; none stays open when none came."""
        if wire is not None and wire.reader.at_eof():
            await wire.close()  # the server has ended it since the last answer
            wire = None
        while True:
            wire = wire or await self._open()
            attempt.use(wire)
            try:
                await exchange(
                    wire, self._plan, request_id=attempt.request_id, answer=attempt.answer
                )
            except BaseException as exc:
                wire.abort()
                if not (isinstance(exc, ConnectionError) and attempt.may_repeat()):
                    raise
                wire = None
                attempt.repeat()
            else:
                return wire

    async def _open(self) -> Wire:
        wire = await open_wire(self._plan, tls=self._tls)
        self.opened_count += 1
        wire.number = self.opened_count
        return wire

"""
The stage of pair probes: rounds of disjoint pairs, so that no two tests share a node.

The next round is a pure function of the journal, so a coordinator that starts again goes on where
the last one was.
"""

import asyncio
import time
import zlib
from collections.abc import Callable

from aiconform import fabric
from aiconform.campaign.alone import STREAM as SELF_STREAM
from aiconform.campaign.planner import PAIR_PINGS, PAIR_SECONDS, exercise_orders
from aiconform.campaign.recorder import Recorder
from aiconform.collector.tasks import TaskBoard
from aiconform.fabric.sources import topology_of
from aiconform.model.plan import RunConfig
from aiconform.model.records import PairNotRun, RoundClosed, RoundOpened, RoundsStopped
from aiconform.model.wire import PairTask

Pair = tuple[str, str]

FIRST_PORT = 20000
PORT_COUNT = 2000  # a port is not used again within this many rounds
READY_S = 15.0
SETUP_S = 10.0


class RoundsStage:
    """Runs rounds until the plan has no more, or too few nodes are left."""

    def __init__(
        self,
        *,
        recorder: Recorder,
        board: TaskBoard,
        config: RunConfig,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._recorder, self._board, self._config = recorder, board, config
        self._clock = clock
        self._seed = zlib.crc32(config.name.encode())
        planned = recorder.state.planned
        known = topology_of(planned.plan.topology) if planned else None
        told = planned is not None and fabric.can_study(known, planned.plan.nodes)
        self._topology = known if told else None

    async def run(self) -> None:
        if opened := self._recorder.state.open_round:
            await self._close(opened)  # an earlier coordinator was stopped in the middle of it
        while upcoming := self._next():
            if self._over_budget(upcoming):
                await self._stop()
                return
            await self._run_round(upcoming)

    def _next(self) -> fabric.Round | None:
        nodes = self._able()
        if len(nodes) < 2:
            return None
        return fabric.next_round(
            nodes,
            self._recorder.state.so_far.results(),
            seed=self._seed,
            profile=self._config.profile,
            topology=self._topology,
        )

    def _over_budget(self, upcoming: fabric.Round) -> bool:
        """Would this round end after the budget, if it took as long as the longest so far?"""
        budget_s = self._config.fabric.budget_s
        if not budget_s:
            return False
        so_far = self._recorder.state.so_far
        expected_s = 2 * self._seconds(upcoming.purpose) + fabric.SETUP_S
        now = self._clock()
        spent_s = now - min(so_far.opened_at.values(), default=now)
        return spent_s + max([expected_s, *so_far.took_s]) > budget_s

    async def _stop(self) -> None:
        """Name what the budget leaves untested."""
        nodes, budget_s = self._able(), self._config.fabric.budget_s
        done = self._recorder.state.so_far.results()
        left = fabric.rounds_left(
            nodes, done, profile=self._config.profile, topology=self._topology
        )
        said = f"{len(left)} rounds did not fit into {budget_s:.0f} s (run.fabric.budgetS)"
        await self._recorder.append(RoundsStopped(reason="Budget", sentence=said, left=left))

    def _seconds(self, purpose: str) -> float:
        """Of one direction of a test."""
        usual_s = PAIR_SECONDS[self._config.profile]
        told = self._topology is not None
        return fabric.seconds_of_test(purpose, usual_s, told=told)

    def _able(self) -> tuple[str, ...]:
        state = self._recorder.state
        alone = bool(exercise_orders(self._config))
        return tuple(n for n in state.at_work() if not alone or (n, SELF_STREAM) in state.ended)

    async def _run_round(self, upcoming: fabric.Round) -> None:
        opened = RoundOpened(round=upcoming.number, purpose=upcoming.purpose, pairs=upcoming.pairs)
        await self._recorder.append(opened)
        for pair in opened.pairs:
            self._order(opened, pair)
        limit_s = self._config.limits.round_s
        deadline_hit = await self._wait(opened, limit_s=limit_s)
        await self._close(opened, deadline_s=limit_s if deadline_hit else None)

    def _order(self, opened: RoundOpened, pair: Pair) -> None:
        number, (first, second) = opened.round, pair
        addresses = self._recorder.state.addresses
        profile = self._config.profile
        for node, peer in ((first, second), (second, first)):
            self._board.assign(
                node,
                PairTask(
                    id=f"round-{number}/{first}+{second}",
                    round=number,
                    peer=peer,
                    role="listen" if node == first else "connect",
                    peer_address=addresses[peer],
                    port=FIRST_PORT + number % PORT_COUNT,
                    streams=self._streams(pair),
                    seconds=self._seconds(opened.purpose),
                    pings=PAIR_PINGS[profile],
                    ready_limit_s=READY_S,
                    limit_s=max(self._config.limits.round_s - READY_S, SETUP_S),
                ),
            )

    def _streams(self, pair: Pair) -> int:
        """Half the cores of the smaller node, 1 to 8: enough to fill a link, and all can run."""
        cores = self._recorder.state.cores
        return max(1, min(8, min(cores.get(node, 2) for node in pair) // 2))

    async def _wait(self, opened: RoundOpened, *, limit_s: float) -> bool:
        """Wait for every pair's end; True when the limit came first."""
        try:
            async with asyncio.timeout(limit_s):
                await self._recorder.wait_until(lambda: not self._unfinished(opened))
        except TimeoutError:
            return True
        return False

    def _unfinished(self, opened: RoundOpened) -> list[Pair]:
        return [pair for pair in opened.pairs if not self._over(opened.round, pair)]

    def _over(self, number: int, pair: Pair) -> bool:
        """Every side that is still alive has ended; one left alone says that it met nobody."""
        state = self._recorder.state
        alive = [node for node in pair if state.node_state(node) not in {"lost", "failed"}]
        return all((node, f"round-{number}") in state.ended for node in alive)

    async def _close(self, opened: RoundOpened, *, deadline_s: float | None = None) -> None:
        state = self._recorder.state
        for node in {node for pair in opened.pairs for node in pair}:
            self._board.clear(node)
        not_run = []
        for pair in opened.pairs:
            lost = [node for node in pair if state.node_state(node) in {"lost", "failed"}]
            silent = [n for n in pair if (n, f"round-{opened.round}") not in state.ended]
            if lost:
                sentence = f"{' and '.join(lost)} was lost"
                not_run.append(PairNotRun(pair=pair, reason="AgentLost", sentence=sentence))
            elif silent:
                within = f" within {deadline_s:.0f} s" if deadline_s else ""
                sentence = f"no report of {' and '.join(silent)}{within}"
                not_run.append(PairNotRun(pair=pair, reason="Deadline", sentence=sentence))
        await self._recorder.append(RoundClosed(round=opened.round, not_run=tuple(not_run)))

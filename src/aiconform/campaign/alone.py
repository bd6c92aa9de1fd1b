"""The stage in which every node exercises itself: all nodes at once, each in its own time limit."""

from collections.abc import Callable

from aiconform.campaign.planner import exercise_orders
from aiconform.campaign.recorder import Recorder
from aiconform.campaign.state import SETTLED
from aiconform.collector.tasks import TaskBoard
from aiconform.model.plan import RunConfig
from aiconform.model.records import NodeChanged
from aiconform.model.wire import SelfTask

STREAM = "self"
GRACE_S = 30.0  # beyond the exercises' own limits: to stop a hung one and deliver what it said


class AloneStage:
    """Hands each node its exercises once it reports, and waits until each has ended or failed."""

    def __init__(
        self,
        *,
        recorder: Recorder,
        board: TaskBoard,
        config: RunConfig,
        monotonic: Callable[[], float],
    ) -> None:
        self._recorder, self._board, self._config = recorder, board, config
        self._monotonic = monotonic
        self._given: dict[str, float] = {}
        self._orders = exercise_orders(config)

    async def run(self) -> None:
        while not self._complete():
            self._hand_out()
            await self._give_up_on_the_late()
            await self._recorder.wait_until(self._something_to_do)

    def _complete(self) -> bool:
        planned = self._recorder.state.planned
        return planned is None or all(self._settled(node) for node in planned.plan.nodes)

    def _settled(self, node: str) -> bool:
        state = self._recorder.state
        if state.node_state(node) in SETTLED:
            return True
        if not self._orders:
            return state.node_state(node) == "reporting"
        return (node, STREAM) in state.ended

    def _something_to_do(self) -> bool:
        return self._complete() or bool(self._ungiven()) or bool(self._late())

    def _ungiven(self) -> list[str]:
        if not self._orders:
            return []
        state = self._recorder.state
        return [
            node
            for node in state.at_work()
            if node not in self._given and (node, STREAM) not in state.ended
        ]

    def _hand_out(self) -> None:
        for node in self._ungiven():
            self._board.assign(node, SelfTask(id=STREAM, exercises=self._orders))
            self._given[node] = self._monotonic()

    def _late(self) -> list[str]:
        limit = self._config.limits.self_s + GRACE_S
        now = self._monotonic()
        return [
            node
            for node, since in self._given.items()
            if now - since > limit and not self._settled(node)
        ]

    async def _give_up_on_the_late(self) -> None:
        for node in self._late():
            self._board.clear(node)
            await self._recorder.append(
                NodeChanged(
                    node=node,
                    state="lost",
                    reason="Deadline",
                    sentence=(
                        f"its own exercises did not end within {self._config.limits.self_s:.0f} s; "
                        "raise run.limits.selfS if the node is merely slow"
                    ),
                )
            )

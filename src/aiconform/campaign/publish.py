"""Where the run stands, published in a ConfigMap and in log lines that a person can follow."""

import asyncio
from collections import Counter
from collections.abc import Callable

import structlog

from aiconform.campaign.recorder import Recorder
from aiconform.campaign.roster import Roster
from aiconform.campaign.state import SETTLED
from aiconform.cluster.protocol import Cluster
from aiconform.model.errors import ClusterError
from aiconform.model.plan import RunConfig
from aiconform.model.records import (
    Entry,
    NodeChanged,
    RoundClosed,
    RoundOpened,
    StageEntered,
    Trouble,
)
from aiconform.model.status import Awaited, Status

log = structlog.get_logger()

PUBLISH_S = 1.0
SHOWN = 20


class Publisher:
    """Patches the status ConfigMap when something changed, at most once a second."""

    def __init__(
        self,
        *,
        cluster: Cluster,
        config_map: str,
        config: RunConfig,
        recorder: Recorder,
        roster: Roster,
        clock: Callable[[], float],
    ) -> None:
        self._cluster, self._config_map, self._config = cluster, config_map, config
        self._recorder, self._roster, self._clock = recorder, roster, clock
        self._began = clock()
        self._last: Status | None = None
        recorder.listen(_log_entry)

    async def run(self) -> None:
        """Publish until cancelled. Trouble with the API server is logged, and never stops a run."""
        while True:
            status = self.status()
            if self._last is None or _without_time(status) != _without_time(self._last):
                await self._publish(status)
            await asyncio.sleep(PUBLISH_S)

    async def publish_final(self, **facts: str | None) -> None:
        """
        Say how the run ended; whoever waits for it looks at this.

        Raises:
            ClusterError: The API server did not take it.
        """
        await self._patch(self.status().model_copy(update=facts))

    async def _publish(self, status: Status) -> None:
        try:
            await self._patch(status)
        except ClusterError as exc:
            log.warning("status.unpublished", problem=str(exc))
        self._last = status

    async def _patch(self, status: Status) -> None:
        data = {"stage": status.stage, "status.json": status.model_dump_json()}
        if status.verdict:
            data["verdict"] = status.verdict
        await self._cluster.patch_config_map(self._config_map, data)

    def status(self) -> Status:
        """The run now, from the journal and from what the watches see."""
        state = self._recorder.state
        plan = state.planned.plan if state.planned else None
        nodes = plan.nodes if plan else ()
        awaited = self._awaited(nodes)
        return Status(
            run=self._config.name,
            stage=state.stage,
            since=state.stage_since,
            at=self._clock(),
            message=self._message(len(awaited)),
            nodes=dict(Counter(state.node_state(node) for node in nodes)),
            waiting=awaited[:SHOWN],
            waiting_count=len(awaited),
            rounds_done=state.rounds_done,
            rounds_expected=plan.cost.rounds if plan else 0,
            deadline=self._began + self._config.limits.run_s,
        )

    def _awaited(self, nodes: tuple[str, ...]) -> tuple[Awaited, ...]:
        state, limits = self._recorder.state, self._config.limits
        since = state.stage_since
        if state.stage == "checks":
            return tuple(
                Awaited(
                    object=f"check {check}",
                    reason="Checking",
                    sentence="its steps run",
                    since=began,
                    until=began + time_box_s,
                )
                for check, (began, time_box_s) in state.checks_open.items()
            )
        if state.stage == "deploy" or state.stage == "self":
            return tuple(
                Awaited(
                    object=f"node {node}",
                    reason="Starting" if state.node_state(node) != "reporting" else "Exercising",
                    sentence=self._why(node)[:2000],
                    since=since,
                    until=since + limits.start_s + limits.self_s,
                )
                for node in nodes
                if state.node_state(node) not in SETTLED and (node, "self") not in state.ended
            )
        if state.stage == "rounds" and (opened := state.open_round):
            return tuple(
                Awaited(
                    object=f"pair {a} and {b}",
                    reason="Measuring",
                    sentence=f"round {opened.round} ({opened.purpose})",
                    since=since,
                )
                for a, b in opened.pairs
            )
        return ()

    def _why(self, node: str) -> str:
        if self._recorder.state.node_state(node) == "reporting":
            return "its exercises run"
        return self._roster.trouble_of(node)

    def _message(self, awaited: int) -> str:
        state = self._recorder.state
        match state.stage:
            case "deploy" | "self":
                count = len(state.planned.plan.nodes) if state.planned else 0
                return f"waiting for {awaited} of {count} nodes"
            case "checks":
                count = len(state.planned.plan.checks) if state.planned else 0
                return f"{len(state.checks_ended)} of {count} requirements are checked"
            case "rounds":
                return f"round {state.rounds_done + 1} of pair probes"
            case stage:
                return str(stage)


def _without_time(status: Status) -> Status:
    return status.model_copy(update={"at": 0.0})


def _log_entry(entry: Entry) -> None:
    """One line for each thing that a person who follows the log wants to know."""
    match entry.record:
        case StageEntered(stage=stage):
            log.info("stage.entered", stage=stage)
        case NodeChanged(node=node, state=state, reason=reason, sentence=sentence):
            level = log.warning if state in {"failed", "lost"} else log.info
            level("node.changed", node=node, state=state, reason=reason, sentence=sentence)
        case RoundOpened(round=number, purpose=purpose, pairs=pairs):
            log.info("round.started", round_id=number, purpose=purpose, pair_count=len(pairs))
        case RoundClosed(round=number, not_run=not_run):
            log.info("round.ended", round_id=number, not_run_count=len(not_run))
        case Trouble(where=where, sentence=sentence, hint=hint):
            log.error("run.troubled", where=where, sentence=sentence, hint=hint)
        case _:
            pass

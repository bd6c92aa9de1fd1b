"""Prometheus metrics of one run, and the health that the collector's Service waits for."""

from aiohttp import web
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Enum,
    Gauge,
    generate_latest,
)

from aiconform.campaign.recorder import Recorder
from aiconform.model.records import (
    Delivered,
    Entry,
    NodeChanged,
    NodeState,
    Refused,
    RoundClosed,
    StageEntered,
)
from aiconform.model.verdict import Judgement, RunVerdict

PORT = 8080


class Metrics:
    """Follows the journal; label values come from closed sets only, never from node names."""

    def __init__(self, recorder: Recorder) -> None:
        self.registry = CollectorRegistry()
        self._states: dict[str, NodeState] = {}
        self._records = self._counter("records", "Journal records written.", "kind")
        self._delivered = self._counter("delivered_records", "Records delivered by agents.", "kind")
        self._refused = self._counter("refused", "Deliveries refused by the collector.", "status")
        for status in ("401", "403"):  # from zero on: a rise from nothing is none to Prometheus
            self._refused.labels(status)
        self._rounds = Counter(
            "aiconform_rounds", "Rounds of pair probes that ended.", registry=self.registry
        )
        self._nodes = Gauge(
            "aiconform_nodes", "Planned nodes by state.", ["state"], registry=self.registry
        )
        self._stage = Gauge(
            "aiconform_stage_start_timestamp_seconds",
            "When a stage began.",
            ["stage"],
            registry=self.registry,
        )
        for entry in recorder.read():
            self._count(entry)
        recorder.listen(self._count)

    def _counter(self, name: str, text: str, label: str) -> Counter:
        return Counter(f"aiconform_{name}", text, [label], registry=self.registry)

    def conclude(self, judgement: Judgement, verdict: RunVerdict, *, at: float) -> None:
        """
        How the run ended; until then there are none of these.

        Args:
            verdict: What the exit code follows.
            at: Unix seconds.
        """
        words = [each.value for each in RunVerdict]
        ended = Gauge(
            "aiconform_run_end_timestamp_seconds", "When the run ended.", registry=self.registry
        )
        ended.set(at)
        for name, text, word in (
            ("verdict", "The run in one word.", judgement.verdict),
            ("counts_as", "The same, with what is waived set aside.", verdict),
        ):
            told = Enum(f"aiconform_run_{name}", text, states=words, registry=self.registry)
            told.state(word.value)
        self._findings(judgement)
        self._requirements(judgement)

    def _findings(self, judgement: Judgement) -> None:
        labels = ["code", "outcome", "action_kind", "waived"]
        found = Gauge("aiconform_findings", "What is wrong.", labels, registry=self.registry)
        for each in judgement.findings:
            waived = str(each.waived is not None).lower()
            found.labels(each.code, each.outcome.value, each.action_kind.value, waived).inc()

    def _requirements(self, judgement: Judgement) -> None:
        labels = ["requirement", "level", "outcome", "waived"]
        text = "1 for the outcome that a requirement of AI conformance has."
        found = Gauge("aiconform_requirement_outcome", text, labels, registry=self.registry)
        for each in judgement.requirements:
            waived = str(each.waived is not None).lower()
            found.labels(each.id, each.level.value, each.outcome.value, waived).set(1)

    def _count(self, entry: Entry) -> None:
        self._records.labels(entry.record.kind).inc()
        match entry.record:
            case Delivered(record=record):
                self._delivered.labels(record.kind).inc()
            case Refused(status=status):
                self._refused.labels(str(status)).inc()
            case RoundClosed():
                self._rounds.inc()
            case StageEntered(stage=stage):
                self._stage.labels(stage).set(entry.at)
            case NodeChanged(node=node, state=state):
                self._move(node, state)
            case _:
                pass

    def _move(self, node: str, state: NodeState) -> None:
        if (before := self._states.get(node)) is not None:
            self._nodes.labels(before).dec()
        self._nodes.labels(state).inc()
        self._states[node] = state


async def serve(metrics: Metrics, *, port: int = PORT) -> web.AppRunner:
    """Serve /healthz and /metrics over plain HTTP; the caller cleans the runner up."""

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def exposition(_: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/metrics", exposition)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, port=port).start()
    return runner

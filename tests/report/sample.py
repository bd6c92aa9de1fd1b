"""A small run by hand: two nodes, one round, one of them slow to send."""

from collections.abc import Sequence

from aiconform.model.plan import Cost, Group, NodeFacts, Plan, RunConfig
from aiconform.model.records import (
    Delivered,
    Entry,
    JournalRecord,
    NodeChanged,
    Planned,
    RoundClosed,
    RoundOpened,
    RunClosed,
    RunOpened,
    StageEntered,
    Surveyed,
)
from aiconform.model.verdict import (
    Action,
    Figure,
    Finding,
    Judgement,
    LedgerEntry,
    LedgerState,
    Outcome,
    RunVerdict,
    Subject,
    Verdict,
)
from aiconform.model.wire import Evidence, Hello, Inventory, Measurement, Pair, PairSample

BOOT = "0123abcd"


def records(*, nodes: Sequence[str] = ("node1", "node2")) -> list[JournalRecord]:
    """The facts of a run in which every node met the first one."""
    facts = tuple(NodeFacts(name=n, ready=True, architecture="amd64") for n in nodes)
    plan = Plan(
        groups=(Group(name="cpu-0", nodes=tuple(nodes), architecture="amd64"),),
        cost=Cost(seconds=10, bytes=100),
    )
    return [
        RunOpened(run="demo", version="0.1.0", config=RunConfig(name="demo")),
        StageEntered(stage="survey"),
        Surveyed(server_version="v1.37.0", nodes=facts, not_permitted=("list pods: why",)),
        Planned(plan=plan),
        *(delivered for node in nodes for delivered in _said(node)),
        RoundOpened(round=1, purpose="matching", pairs=((nodes[0], nodes[1]),)),
        Delivered(pod="a", record=_pair(nodes[0], nodes[1])),
        RoundClosed(round=1),
        NodeChanged(node=nodes[0], state="finished"),
        RunClosed(how="complete"),
    ]


def entries(*, nodes: Sequence[str] = ("node1", "node2")) -> tuple[Entry, ...]:
    return tuple(
        Entry(n=n, at=1_800_000_000.0 + n, record=record)
        for n, record in enumerate(records(nodes=nodes))
    )


def judgement(
    *extra: Verdict, sentence: str = "node1 sends slowly", run: str = "demo"
) -> Judgement:
    subject = Subject(node="node1", direction="send")
    return Judgement(
        run=run,
        verdict=RunVerdict.FAIL,
        sentence=sentence,
        verdicts=(
            verdict(Outcome.PASS, item="node", node="node2"),
            verdict(Outcome.FAIL, item="node", node="node1"),
            verdict(Outcome.PASS, item="tcp.path", node="node1", peer="node2"),
            verdict(Outcome.FAIL, item="tcp.rate", node="node1", peer="node2", gbit=0.3),
            verdict(Outcome.PASS, item="tcp.rate", node="node2", peer="node1", gbit=9.4),
            *extra,
        ),
        findings=(
            Finding(
                code="AIC-NET-001", subject=subject, outcome=Outcome.FAIL, sentence=sentence,
                action_kind=Action.CHECK_CABLING, action="look at its NIC", rests_on=("j9",),
            ),
        ),
        ledger=(
            LedgerEntry(kind="node", name="node1", state=LedgerState.TESTED),
            LedgerEntry(
                kind="node", name="node0", state=LedgerState.EXCLUDED, reason="Tainted",
                sentence="team=vision:NoSchedule",
            ),
        ),
    )  # fmt: skip


def verdict(
    outcome: Outcome,
    *,
    item: str = "node",
    node: str | None = "node1",
    peer: str | None = None,
    device: str | None = None,
    sentence: str = "as measured",
    required: bool = True,
    gbit: float | None = None,
) -> Verdict:
    rate = () if gbit is None else (_figure(gbit),)
    return Verdict(
        item=item, subject=Subject(node=node, peer=peer, device=device), outcome=outcome,
        reason="Measured", sentence=sentence, required=required, figures=rate, rests_on=("j4",),
    )  # fmt: skip


def _figure(gbit: float) -> Figure:
    return Figure(metric="tcp_throughput", value=gbit, unit="gigabits_per_second")


def _said(node: str) -> list[Delivered]:
    hello = Hello(
        **_head(node, "inventory", 0), agent_version="0.1.0", python="3.13", address="10.0.0.1"
    )
    return [
        Delivered(pod=f"pod-{node}", record=hello),
        Delivered(pod=f"pod-{node}", record=Inventory(**_head(node, "inventory", 1))),
        Delivered(
            pod=f"pod-{node}",
            record=Measurement(
                **_head(node, "self", 0), exercise="memory.copy", metric="memory_copy",
                unit="gigabytes_per_second", value=8.5,
            ),
        ),
        Delivered(
            pod=f"pod-{node}",
            record=Evidence(**_head(node, "self", 1), about="gemm.rate", data="last words\x1b[2J"),
        ),
    ]  # fmt: skip


def _pair(node: str, peer: str) -> Pair:
    def sample(direction: str, value: float) -> PairSample:
        return PairSample.model_validate(
            {"metric": "tcp_throughput", "direction": direction, "bytes": 1000, "seconds": 1.0,
             "value": value, "unit": "gigabits_per_second"}
        )  # fmt: skip

    pings = PairSample(
        metric="tcp_latency", direction="round_trip", bytes=10, seconds=0.1, value=23.0,
        unit="microseconds", p99=80.0,
    )  # fmt: skip
    return Pair(
        **_head(node, "round-1", 0), round=1, peer=peer, outcome="ok",
        samples=(sample("send", 0.3), sample("receive", 9.4), pings),
    )  # fmt: skip


def _head(node: str, stream: str, seq: int) -> dict[str, object]:
    return {"run": "demo", "node": node, "boot": BOOT, "stream": stream, "seq": seq, "t": 1.0}

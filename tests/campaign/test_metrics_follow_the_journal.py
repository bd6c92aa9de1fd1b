"""Metrics count what the journal holds, whether it is read again or grows."""

from contextlib import closing
from pathlib import Path

from aiconform.campaign.metrics import Metrics
from aiconform.judge import judge
from aiconform.model.records import NodeChanged, NodeState, StageEntered
from aiconform.model.verdict import RunVerdict
from tests.campaign.agents import new_recorder
from tests.support.journals import Faults, run_journal


def nodes(metrics: Metrics, state: NodeState) -> float | None:
    return metrics.registry.get_sample_value("aiconform_nodes", {"state": state})


async def test_each_node_is_counted_in_its_last_state_alone(tmp_path: Path) -> None:
    with closing(new_recorder(tmp_path)) as recorder:
        await recorder.append(
            NodeChanged(node="n1", state="starting"), NodeChanged(node="n2", state="starting")
        )
        metrics = Metrics(recorder)
        before = nodes(metrics, "starting")

        await recorder.append(
            NodeChanged(node="n1", state="reporting"), NodeChanged(node="n1", state="lost")
        )

    assert before == 2
    assert [nodes(metrics, s) for s in ("starting", "reporting", "lost")] == [1, 0, 1]


async def test_refused_agents_are_counted_from_zero(tmp_path: Path) -> None:
    with closing(new_recorder(tmp_path)) as recorder:
        value = Metrics(recorder).registry.get_sample_value

    assert [value("aiconform_refused_total", {"status": s}) for s in ("401", "403")] == [0, 0]


async def test_end_of_a_run_tells_verdict_and_findings(tmp_path: Path) -> None:
    told = judge(run_journal(Faults(corrupt={"node2": True})))
    with closing(new_recorder(tmp_path)) as recorder:
        metrics = Metrics(recorder)
        metrics.conclude(told, RunVerdict.PASS_WITH_WARNINGS, at=1234.0)

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"aiconform_{name}", labels)

    assert value("run_verdict", aiconform_run_verdict="fail") == 1
    assert value("run_verdict", aiconform_run_verdict="pass") == 0
    assert value("run_counts_as", aiconform_run_counts_as="pass_with_warnings") == 1
    assert value("run_end_timestamp_seconds") == 1234.0
    assert value("findings", code="AIC-DEV-001", outcome="FAIL", action_kind="replace_part",
                 waived="false") == 1  # fmt: skip


async def test_records_and_stages_are_counted(tmp_path: Path) -> None:
    with closing(new_recorder(tmp_path)) as recorder:
        metrics = Metrics(recorder)
        await recorder.append(StageEntered(stage="rounds"))

    value = metrics.registry.get_sample_value
    assert value("aiconform_records_total", {"kind": "stage_entered"}) == 1
    assert value("aiconform_stage_start_timestamp_seconds", {"stage": "rounds"}) == 1000.0

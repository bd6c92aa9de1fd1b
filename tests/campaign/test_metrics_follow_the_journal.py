"""Metrics count what the journal holds, whether it is read again or grows."""

from contextlib import closing
from pathlib import Path

from aiconform.campaign.metrics import Metrics
from aiconform.model.records import NodeChanged, NodeState, StageEntered
from tests.campaign.agents import new_recorder


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


async def test_records_and_stages_are_counted(tmp_path: Path) -> None:
    with closing(new_recorder(tmp_path)) as recorder:
        metrics = Metrics(recorder)
        await recorder.append(StageEntered(stage="rounds"))

    value = metrics.registry.get_sample_value
    assert value("aiconform_records_total", {"kind": "stage_entered"}) == 1
    assert value("aiconform_stage_start_timestamp_seconds", {"stage": "rounds"}) == 1000.0

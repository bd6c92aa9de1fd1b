"""Dashboard and alert rules ask for metrics that the coordinator has, by labels that it gives."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from aiconform.campaign.metrics import Metrics
from aiconform.judge import judge
from aiconform.model.records import Delivered, NodeChanged, Refused, RoundClosed, StageEntered
from aiconform.model.verdict import RunVerdict
from tests.browser.runs import requirements
from tests.campaign.agents import new_recorder
from tests.chart.chart_files import CHART
from tests.support.journals import Faults, run_journal

FILES = CHART / "files" / "monitoring"
# What a scrape adds, and what PromQL itself has between braces or after `by`.
SCRAPED = {"namespace", "pod", "instance"}


@pytest.fixture
async def exported(tmp_path: Path) -> dict[str, set[str]]:
    """Name of each sample → its labels, of a coordinator that has seen everything."""
    entries = run_journal(Faults(slow={("node3", "send"): 0.3}))
    delivered = next(e.record for e in entries if isinstance(e.record, Delivered))
    with closing(new_recorder(tmp_path)) as recorder:
        metrics = Metrics(recorder)
        await recorder.append(
            StageEntered(stage="rounds"),
            NodeChanged(node="n1", state="lost"),
            RoundClosed(round=1),
            Refused(node="n1", status=403, problem="it speaks for another"),
            delivered,
        )
        told = judge(entries).model_copy(update={"requirements": requirements()})
        metrics.conclude(told, RunVerdict.FAIL, at=1000.0)
    return {
        sample.name: set(sample.labels)
        for family in metrics.registry.collect()
        for sample in family.samples
    }


def alerts() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((FILES / "alerts.yaml").read_text())["groups"]
    return list(group["rules"])


def dashboard() -> dict[str, Any]:
    return dict(json.loads((FILES / "dashboard.json").read_text()))


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in alerts())
    for panel in dashboard()["panels"]:
        yield from (target["expr"] for target in panel["targets"])


def test_every_metric_asked_for_is_exported(exported: dict[str, set[str]]) -> None:
    asked = {
        name
        for expression in expressions()
        for name in re.findall(r"\baiconform_\w+\b(?!\s*=)", expression)
    }

    assert asked <= exported.keys(), asked - exported.keys()
    assert len(asked) > 8


def test_every_label_asked_for_is_given(exported: dict[str, set[str]]) -> None:
    for expression in expressions():
        given = set[str]().union(
            *(exported[n] for n in re.findall(r"\baiconform_\w+\b(?!\s*=)", expression))
        )
        asked = set(re.findall(r"(\w+)\s*=~?\s*\"", expression))
        for names in re.findall(r"(?:by|on) \(([^)]*)\)", expression):
            asked |= {name.strip() for name in names.split(",")}
        assert asked <= given | SCRAPED, expression


def test_every_exported_metric_is_shown_somewhere(exported: dict[str, set[str]]) -> None:
    """A metric that neither dashboard nor rules show is one that nobody would look at."""
    text = " ".join(expressions())
    # Beside a counter, the client tells when it was made.
    names = {name for name in exported if not name.endswith("_created")}

    assert {name for name in names if name not in text} == set()


def test_alerts_cover_each_verdict_that_is_no_pass() -> None:
    told = {word for rule in alerts() for word in re.findall(r'counts_as="(\w+)"', rule["expr"])}

    assert told == {"fail", "incomplete", "error"}
    for rule in alerts():
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"].keys() == {"summary", "description"}


def test_panels_stand_beside_each_other_and_have_their_own_number() -> None:
    panels = dashboard()["panels"]
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells

    assert len({panel["id"] for panel in panels}) == len(panels)


def test_page_names_every_metric(exported: dict[str, set[str]]) -> None:
    page = (CHART.parents[1] / "docs" / "how-to-watch.md").read_text()

    for name, labels in exported.items():
        if not name.endswith("_created"):
            assert f"`{name}`" in page
            assert all(f"`{label}`" in page for label in labels)


async def test_before_its_end_a_run_has_no_verdict(tmp_path: Path) -> None:
    with closing(new_recorder(tmp_path)) as recorder:
        names = {family.name for family in Metrics(recorder).registry.collect()}

    assert not {name for name in names if "run" in name or "finding" in name}

"""The published schemas are the models', and every real file of a run keeps to its schema."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from aiconform.cli.main import aiconform
from aiconform.model.plan import Cost, Excluded, Group, Plan, RunConfig
from aiconform.model.status import Awaited, Status
from aiconform.report import write_results
from tests.docs.recorded import WAIVERS, judged, write_run
from tests.docs.site import RUN, lay_out
from tests.submission.sample import PRODUCT
from tests.support.journals import sound_journal
from tools.check_results import SHAPES, complaints, complaints_of
from tools.render_schemas import SCHEMAS, present, render, schema


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    write_run(folder, name="test-run")
    return folder / "test-run"


def printed(*words: str) -> Any:
    return json.loads(CliRunner().invoke(aiconform, words).stdout)


def test_schemas_in_the_docs_are_what_the_models_say() -> None:
    assert present() == {f"{name}.schema.json": render(name) for name in SCHEMAS}, (
        "run `make schemas`"
    )


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_is_valid_and_refuses_what_it_does_not_know(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))

    assert complaints(name, {"surely": "not a field"})
    assert complaints(name, "text")


def test_summary_verdicts_and_findings_keep_to_their_schemas(results: Path) -> None:
    summary = json.loads((results / "summary.json").read_text())

    assert complaints("summary", summary) == []
    assert summary["facts"]["troubles"]
    for name in ("verdict", "finding", "requirement"):
        found = summary[f"{name}s"]
        assert found
        assert [told for each in found for told in complaints(name, each)] == []


def test_every_file_of_a_run_keeps_to_its_schema(results: Path) -> None:
    found = {glob: len(list(results.glob(glob))) for glob in SHAPES}

    assert found == {
        "summary.json": 1, "nodes/*.json": 6, "journal.ndjson.gz": 1, "checks/*/verdict.json": 1,
        "checks/*/steps.jsonl": 1, "diff.json": 0,
    }  # fmt: skip
    assert complaints_of(results) == []


def test_file_that_does_not_keep_to_it_is_named(results: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(results, copy)
    path = copy / "nodes" / "node1.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"facts": 7, "more": 1}))

    (facts, more) = complaints_of(copy)

    assert facts.startswith("nodes/node1.json: $")
    assert "'more' was unexpected" in facts + more
    with pytest.raises(ValueError, match="is no run"):
        complaints_of(tmp_path)


def test_steps_tell_their_trouble(results: Path) -> None:
    text = (results / "checks" / "gang_scheduling" / "steps.jsonl").read_text()

    assert [json.loads(line)["problem"] is None for line in text.splitlines()] == [True, False]


def test_documents_on_stdout_keep_to_their_schemas(results: Path, tmp_path: Path) -> None:
    sound = sound_journal(nodes=6)
    write_results(tmp_path / "sound", sound, judged(sound))
    compared = printed("diff", str(tmp_path / "sound"), str(results), "-o", "json")

    assert compared["changes"]
    assert complaints("diff", compared) == []
    assert complaints("summary", printed("report", str(results), "-o", "json")) == []


def test_submission_and_its_lint_keep_to_their_schemas(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(lay_out(tmp_path))
    files = ("--checklist", "AIConformance-1.37.yaml", "--product", "product.yaml")

    made = printed("submission", *files, f"results/{RUN}.tar.gz", "-o", "made", "--format", "json")
    linted = printed("submission", "--lint", "made", "--format", "json")

    assert made["unclaimed_musts"]
    assert linted["findings"]
    assert complaints("submission", made) == []
    assert complaints("lint", linted) == []


@pytest.mark.parametrize("kind", ["none", "dead"])
def test_simulation_keeps_to_its_schema(kind: str) -> None:
    told = printed("simulate", "--nodes", "8", "--kind", kind, "--trials", "1", "-o", "json")

    assert complaints("simulation", told) == []


def test_plan_and_status_keep_to_their_schemas() -> None:
    plan = Plan(
        groups=(Group(name="a", nodes=("node1",), architecture="amd64", resources={"x/y": 2}),),
        excluded=(Excluded(node="node2", reason="Tainted", sentence="team=vision"),),
        cost=Cost(seconds=1.5, bytes=10),
    )
    awaited = Awaited(object="node node1", reason="Unschedulable", sentence="full", since=1.0)
    status = Status(run="r", stage="rounds", since=1.0, at=2.0, waiting=(awaited,))

    assert complaints("plan", plan.model_dump(mode="json")) == []
    assert complaints("status", json.loads(status.model_dump_json())) == []


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("waivers", WAIVERS, WAIVERS.replace("owner: kim, ", "")),
        ("references", "[{metric: gemm, value: 3.5, unit: teraflops}]", "[{metric: gemm}]"),
        ("product", PRODUCT, PRODUCT.replace("vendorName", "vendor")),
        ("run-config", "{name: r, dryRun: true, limits: {runS: 5}}", "{name: r, dry: true}"),
    ],
)
def test_schema_of_what_a_site_writes_takes_what_the_program_takes(
    name: str, good: str, bad: str
) -> None:
    def read(text: str) -> Any:
        return json.loads(json.dumps(yaml.safe_load(text), default=str))  # days as text

    assert complaints(name, read(good)) == []
    assert complaints(name, read(bad))


def test_run_config_that_the_chart_is_given_keeps_to_its_schema() -> None:
    whole = RunConfig(name="r").model_dump(mode="json", by_alias=True)

    assert complaints("run-config", whole) == []

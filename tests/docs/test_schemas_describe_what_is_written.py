"""The published schemas are the models', and every real file of a run keeps to its schema."""

import gzip
import json
from collections.abc import Iterator
from functools import cache
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
from tests.docs.recorded import WAIVERS, entries, judged, write_run
from tests.submission.sample import PRODUCT
from tests.support.journals import sound_journal
from tools.render_schemas import SCHEMAS, present, render, schema


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    write_run(folder, name="test-run")
    return folder / "test-run"


@cache
def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(schema(name))


def complaints(name: str, document: Any) -> list[str]:
    errors = validator(name).iter_errors(document)
    return [f"{error.json_path}: {error.message}" for error in errors]


def lines(path: Path) -> Iterator[Any]:
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return (json.loads(line) for line in text.splitlines())


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


def test_each_node_file_keeps_to_its_schema(results: Path) -> None:
    files = sorted((results / "nodes").glob("*.json"))

    assert len(files) == 6
    for path in files:
        assert complaints("node", json.loads(path.read_text())) == []


def test_each_line_of_the_journal_keeps_to_its_schema(results: Path) -> None:
    told = list(lines(results / "journal.ndjson.gz"))

    assert len(told) == len(entries())
    assert [said for line in told for said in complaints("journal-line", line)] == []


def test_files_of_a_requirement_keep_to_their_schemas(results: Path) -> None:
    directory = results / "checks" / "gang_scheduling"
    steps = list(lines(directory / "steps.jsonl"))

    assert complaints("requirement", json.loads((directory / "verdict.json").read_text())) == []
    assert [step["problem"] is None for step in steps] == [True, False]
    assert [said for step in steps for said in complaints("step", step)] == []


def test_documents_on_stdout_keep_to_their_schemas(results: Path, tmp_path: Path) -> None:
    sound = sound_journal(nodes=6)
    write_results(tmp_path / "sound", sound, judged(sound))
    compared = printed("diff", str(tmp_path / "sound"), str(results), "-o", "json")

    assert compared["changes"]
    assert complaints("diff", compared) == []
    assert complaints("summary", printed("report", str(results), "-o", "json")) == []


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

"""The chart's `run` and `pods` are RunConfig in camelCase: same keys, defaults and choices."""

import tomllib
from typing import Any

from aiconform.model.plan import PodSettings, RunConfig
from tests.chart.chart_files import ROOT, about, schema, values

COMPUTED = {
    "images",
    "pods",
    "agentServiceAccount",
    "collectorHost",
    "workNamespace",
    "probeNamespace",
}


def defaults() -> dict[str, Any]:
    config = RunConfig(name="any").model_dump(mode="json", by_alias=True)
    return {key: value for key, value in config.items() if key not in COMPUTED | {"name"}}


def test_run_has_the_keys_and_defaults_of_run_config() -> None:
    run = values()["run"]

    assert run.pop("name") == ""
    assert run == defaults()


def test_pods_has_the_keys_of_pod_settings() -> None:
    known = {field.alias for field in PodSettings.model_fields.values()}

    assert set(values()["pods"]) == known


def test_coordinator_can_be_given_all_that_the_agents_can() -> None:
    assert set(values()["coordinator"]) == set(values()["pods"]) | {"ttlSecondsAfterFinished"}


def test_schema_offers_the_choices_of_run_config() -> None:
    ours = schema()["$defs"]["run"]["properties"]
    theirs = RunConfig.model_json_schema(by_alias=True)["properties"]

    for key in ("profile", "failOn"):
        assert ours[key]["enum"] == theirs[key]["enum"]
    assert ours["name"]["pattern"] == f"^$|{theirs['name']['pattern']}"


def test_default_run_is_accepted_by_the_coordinator() -> None:
    run = values()["run"] | {"name": "aiconform-1"}

    assert RunConfig.model_validate(run) == RunConfig(name="aiconform-1")


def test_chart_and_program_have_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert about()["version"] == about()["appVersion"] == project["version"]

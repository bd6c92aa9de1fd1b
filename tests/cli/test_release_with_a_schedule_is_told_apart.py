"""`follow` and `fetch` are for single runs: of a schedule they say so, and what to do instead."""

import pytest

from aiconform.cli.installed import read_config, read_manifest
from aiconform.model.errors import ConfigError

MANIFEST = """\
kind: ConfigMap
metadata: {name: aiconform-config}
data: {run.json: '{"name": "aiconform-1"}'}
---
kind: CronJob
metadata: {name: aiconform, namespace: aiconform}
"""


def test_schedule_has_no_run_to_follow() -> None:
    with pytest.raises(ConfigError, match="runs by a schedule") as raised:
        read_manifest(MANIFEST, release="aiconform")

    assert "how-to-schedule" in raised.value.hint


def test_configuration_in_the_cluster_says_so_too() -> None:
    config_map = {"data": {"run.json": '{"name": "aiconform-1"}', "schedule": "@weekly"}}

    with pytest.raises(ConfigError, match="runs by a schedule"):
        read_config(config_map, release="aiconform", namespace="aiconform")


def test_plan_of_a_schedule_can_be_made() -> None:
    installed = read_manifest(MANIFEST, release="aiconform", may_be_scheduled=True)

    assert (installed.namespace, installed.config.name) == ("aiconform", "aiconform-1")

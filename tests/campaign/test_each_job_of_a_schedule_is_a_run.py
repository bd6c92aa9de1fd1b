"""A schedule has one configuration and many Jobs: each is a run, of its name and owned by it."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from aiconform.campaign.deploy import Deployment
from aiconform.campaign.environment import Environment, read_environment
from aiconform.campaign.roster import Roster
from aiconform.cluster.fake import FakeCluster
from aiconform.collector.tasks import TaskBoard
from aiconform.model.errors import ConfigError
from aiconform.model.plan import Cost, Group, Plan
from aiconform.model.records import Planned
from tests.campaign.agents import new_recorder

JOB, UID = "aiconform-29876543", "uid-of-the-job"


def environment(tmp_path: Path, **more: str) -> Environment:
    config = tmp_path / "run.json"
    config.write_text(json.dumps({"name": "aiconform-1", "profile": "quick"}))
    names = ("NAMESPACE", "POD", "POD_UID", "POD_IP")
    environ = {f"AICONFORM_{name}": "x" for name in names}
    return read_environment(
        environ
        | {"AICONFORM_CONFIG": str(config), "AICONFORM_RESULTS": str(tmp_path / "results"),
           "AICONFORM_JOB": "aiconform"}
        | {f"AICONFORM_{name}": value for name, value in more.items()}
    )  # fmt: skip


def test_run_is_called_after_its_job(tmp_path: Path) -> None:
    read = environment(tmp_path, JOB_NAME=JOB, JOB_UID=UID)

    assert read.config.name == JOB
    assert read.config.profile == "quick"
    assert read.run_directory == tmp_path / "results" / JOB
    # Everything that the chart made is called after the release all the same.
    assert read.job == "aiconform"
    assert read.status_config_map == "aiconform-status"


def test_run_without_a_schedule_keeps_the_name_of_its_configuration(tmp_path: Path) -> None:
    assert environment(tmp_path).config.name == "aiconform-1"


@pytest.mark.parametrize("name", ["a" * 41, "with.dots", "Upper"])
def test_name_that_no_run_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be called after the Job"):
        environment(tmp_path, JOB_NAME=name, JOB_UID=UID)


async def test_agents_are_owned_by_that_job(tmp_path: Path) -> None:
    """No right on Jobs is needed: their names cannot be known when rights are granted."""
    read = environment(tmp_path, JOB_NAME=JOB, JOB_UID=UID)
    cluster = FakeCluster(forbidden=["get Job"])
    cluster.made["Service", "aiconform-collector"] = {"spec": {"clusterIP": "10.0.0.1"}}
    group = Group(name="cpu-0", nodes=("n1",), architecture="amd64")
    with closing(new_recorder(tmp_path)) as recorder:
        await recorder.append(Planned(plan=Plan(groups=(group,), cost=Cost(seconds=1.0, bytes=0))))
        roster = Roster(recorder=recorder, board=TaskBoard(), limits=read.config.limits,
                        monotonic=lambda: 0.0)  # fmt: skip
        deployment = Deployment(cluster=cluster, environment=read, recorder=recorder, roster=roster)
        await deployment.create(ca_pem="ca")

    made: dict[str, Any] = cluster.made["DaemonSet", "aiconform-agent-cpu-0"]
    (owner,) = made["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == ("Job", JOB, UID)
    assert made["metadata"]["labels"]["aiconform/run"] == JOB

"""Every wait has a limit, and says which object it waits for, why, and how long still."""

from pathlib import Path

import pytest

from aiconform.cli.following import SILENCE_LIMIT_S, Followed, Follower
from aiconform.cli.installed import Installed
from aiconform.model.errors import ClusterError, ForbiddenError, ResultsError
from aiconform.model.plan import Limits, RunConfig
from tests.cli.site import FakeSite, Lines, Time, pod, status, waiting_pod

CONFIG = RunConfig(name="demo", limits=Limits(start_s=60, run_s=300, round_s=30))


class Bench:
    def __init__(self, tmp_path: Path) -> None:
        self.site = FakeSite(tmp_path, config=CONFIG, job={"kind": "Job"})
        self.time, self.lines = Time(), Lines()

    def follow(self) -> Followed:
        installed = Installed("aiconform", "aiconform", CONFIG)
        return Follower(self.site, installed, view=self.lines, clock=self.time.clock).follow()

    def problem(self) -> str:
        followed = self.follow()
        assert followed.problem is not None
        return str(followed.problem)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_ends_when_the_results_are_held(bench: Bench) -> None:
    bench.site.pods_there = [pod()]
    bench.site.said = status("rounds")
    bench.time.planned = [lambda: None, lambda: setattr(bench.site, "said", status("hold"))]

    followed = bench.follow()

    assert followed.problem is None
    assert followed.pod == "aiconform-x"
    assert bench.time.now_s == 1002


@pytest.mark.parametrize(
    ("reason", "message", "told"),
    [
        ("ImagePullBackOff", "dial tcp: no route", "nix:1"),
        ("CreateContainerConfigError", "secret absent", "secret absent"),
    ],
)
def test_start_that_may_still_come_is_given_its_time(
    bench: Bench, reason: str, message: str, told: str
) -> None:
    bench.site.pods_there = [waiting_pod(reason, message)]

    problem = bench.problem()

    assert "did not start within 60 s" in problem
    assert told in problem
    assert 1055 < bench.time.now_s < 1070


def test_unschedulable_coordinator_says_what_the_scheduler_says(bench: Bench) -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                 "message": "0/4 nodes are available: 4 Insufficient cpu."}  # fmt: skip
    bench.site.pods_there = [pod(phase="Pending", node="", status={"conditions": [condition]})]

    assert "Insufficient cpu" in bench.problem()
    assert bench.lines.told[0].startswith("coordinator: no node takes its pod")


@pytest.mark.parametrize("message", ["exceeded quota: compute", "violates PodSecurity restricted"])
def test_pod_that_is_refused_shows_the_refusal(bench: Bench, message: str) -> None:
    bench.site.events = [{"reason": "FailedCreate", "message": message}]

    assert message in bench.problem()


def test_run_without_end_is_given_up(bench: Bench) -> None:
    bench.site.pods_there = [pod()]
    bench.site.said = status("rounds")

    assert "gave no result within" in bench.problem()
    assert bench.time.now_s < 1000 + 60 + 300 + 30 + 130


def test_job_that_somebody_deletes_ends_the_wait(bench: Bench) -> None:
    bench.site.job = None

    assert "its Job is gone" in bench.problem()


def test_short_silence_of_the_api_server_is_sat_out(bench: Bench) -> None:
    bench.site.refuse["job_and_status"] = ClusterError("connection refused")
    bench.site.pods_there = [pod()]
    bench.site.said = status("hold")

    def back() -> None:
        bench.site.refuse.clear()

    bench.time.planned = [lambda: None, lambda: None, back]

    assert bench.follow().problem is None
    assert "does not answer" in bench.lines.told[0]


def test_long_silence_is_an_error(bench: Bench) -> None:
    bench.site.refuse["job_and_status"] = ClusterError("connection refused")

    assert "connection refused" in bench.problem()
    assert SILENCE_LIMIT_S <= bench.time.now_s - 1000 < SILENCE_LIMIT_S + 5


def test_missing_right_is_told_at_once(bench: Bench) -> None:
    bench.site.refuse["pods"] = ForbiddenError(verb="list", resource="pods")

    with pytest.raises(ForbiddenError, match="list pods"):
        bench.follow()


def test_status_of_another_version_is_said_to_be_one(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = {"data": {"status.json": '{"strange": 1}'}}
    monkeypatch.setattr(bench.site, "job_and_status", lambda **_: ({}, strange))

    with pytest.raises(ResultsError, match="version that runs in the cluster"):
        bench.follow()

"""The contract with Sonobuoy's worker: results and a done file come whatever happens."""

import asyncio
import json
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from aiconform.campaign.environment import read_environment
from aiconform.campaign.hosted import prepared
from aiconform.cli import sonobuoy as command
from aiconform.cluster.fake import FakeCluster
from aiconform.model.errors import ClusterError
from aiconform.model.plan import RunConfig
from aiconform.report import write_results
from aiconform.report.sonobuoy import DONE, FILE, hand_over
from tests.report.sample import entries, judgement

PLUGIN = Path(__file__).parents[2] / "manifests" / "sonobuoy-plugin.yaml"
POD = {
    "AICONFORM_NAMESPACE": "sonobuoy",
    "AICONFORM_POD": "sonobuoy-aiconform-job-1",
    "AICONFORM_POD_UID": "uid-1",
    "AICONFORM_POD_IP": "10.0.0.9",
}


def results_in(archive: Path) -> dict[str, Any]:
    with tarfile.open(archive) as tar:
        member = tar.extractfile(FILE)
        assert member is not None
        return dict(yaml.safe_load(member))


def test_run_is_handed_over_with_its_items_at_the_top(tmp_path: Path) -> None:
    write_results(tmp_path / "demo", entries(), judgement())

    archive = hand_over(tmp_path / "shared", run=tmp_path / "demo")

    assert (tmp_path / "shared" / DONE).read_text() == str(archive)
    with tarfile.open(archive) as tar:
        assert {FILE, "junit.xml", "report.html", "SHA256SUMS"} <= set(tar.getnames())
    suites = {suite["name"]: suite for suite in results_in(archive)["items"]}
    nodes = {item["name"]: item["status"] for item in suites["node"]["items"]}
    assert nodes == {"node1": "failed", "node2": "passed"}


def test_run_without_results_fails_and_says_why(tmp_path: Path) -> None:
    told = results_in(hand_over(tmp_path, run=None, problem="no nodes are there"))

    assert told["status"] == "failed"
    assert told["items"][0]["details"]["sentence"] == "no nodes are there"
    assert (tmp_path / DONE).exists()


@pytest.mark.parametrize(
    "error", [ClusterError("the API server is silent"), KeyError("x"), asyncio.CancelledError()]
)
def test_command_hands_over_whatever_happens(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(environ: dict[str, str]) -> Path:
        raise error

    monkeypatch.setattr(command, "_run", breaks)
    monkeypatch.setenv("SONOBUOY_RESULTS_DIR", str(tmp_path))

    ended = CliRunner().invoke(command.sonobuoy, [], standalone_mode=False)

    assert ended.return_value == 0
    assert results_in(Path((tmp_path / DONE).read_text()))["status"] == "failed"


def test_plugin_definition_is_what_the_command_reads(tmp_path: Path) -> None:
    document = yaml.safe_load(PLUGIN.read_text())
    spec = document["spec"]
    environ = {each["name"]: each.get("value", "x") for each in spec["env"]}

    RunConfig.model_validate_json(environ["AICONFORM_RUN_CONFIG"])
    read = read_environment(environ | POD | command._prepare(environ, tmp_path))

    assert read.owner == "Pod"
    assert read.config.limits.hold_s == 0
    # A Helm release beside it has names of its own, and takes none of ours with it.
    assert read.job != "aiconform"
    assert read.config.work_namespace.startswith(read.job)
    assert read.config.probe_namespace.startswith(read.job)
    assert document["sonobuoy-config"]["plugin-name"] == "aiconform"
    assert FILE in document["sonobuoy-config"]["result-files"]
    assert spec["command"] == ["aiconform", "sonobuoy"]
    assert spec["image"] == read.config.images.agent


async def test_objects_go_with_the_pod_and_the_others_are_removed(tmp_path: Path) -> None:
    environ = {"AICONFORM_RUN_CONFIG": '{"name": "run", "checks": {"enabled": "all"}}'}
    environment = read_environment(POD | command._prepare(environ, tmp_path))
    cluster = FakeCluster(namespace="sonobuoy")
    for resource in (  # kinds that the fake does not serve by itself
        command_resources()
    ):
        cluster.objects.serve(resource)

    async with prepared(environment, cluster, pod_labels={"sonobuoy-plugin": "aiconform"}):
        there = dict(cluster.objects.objects)

    names = {(kind, name) for kind, _, name in there}
    assert ("services", "aiconform-collector") in names
    assert ("namespaces", "aiconform-work") in names
    for (kind, namespace, _), made in there.items():
        if namespace:
            assert made["metadata"]["ownerReferences"][0]["uid"] == "uid-1", kind
    left = {kind for kind, _, _ in cluster.objects.objects}
    assert not left & {"namespaces", "priorityclasses.scheduling.k8s.io"}


def command_resources() -> list[Any]:
    from aiconform.campaign import hosted

    return [hosted.NAMESPACE, hosted.PRIORITY_CLASS, hosted.SERVICE_ACCOUNT]


@pytest.fixture
def worker() -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Sonobuoy's worker as a plugin sees it: it takes progress updates on a local port."""
    heard: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            heard.append({"path": self.path, **json.loads(self.rfile.read(length))})
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1], heard
    server.shutdown()
    thread.join()
    server.server_close()


def test_progress_is_told_to_the_worker(worker: tuple[int, list[dict[str, Any]]]) -> None:
    port, heard = worker

    command._post(str(port), command.progress({"stage": "rounds", "message": "round 2"}))

    assert heard == [{"path": "/progress", "msg": "rounds: round 2", "total": 8, "completed": 5}]

"""After a restart the machine has the lab's files and none of its processes: nothing to mend."""

import json
from pathlib import Path

import pytest

from e2e.lab import cluster
from e2e.lab.control_plane import PROGRAMS
from e2e.lab.errors import LabError, NotUpError
from e2e.lab.paths import StatePaths
from e2e.lab.processes import Identity

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")

DAEMONS = ("mounts", "containerd", "kubelet", "kube-proxy")


@pytest.fixture
def dead(tmp_path: Path) -> cluster.Cluster:
    state = StatePaths(tmp_path / "lab")
    state.pids.mkdir(parents=True)
    state.summary.write_text(json.dumps({"nodes": 1, "programs": {}}))
    of_another_boot = str(Identity(pid=1, start_ticks=1, boot_id="0"))
    for name in [*(f"node1.{d}" for d in DAEMONS), *(f"control.{p}" for p in PROGRAMS)]:
        (state.pids / name).write_text(of_another_boot)
    return cluster.find(state)


def test_nothing_of_it_is_alive(dead: cluster.Cluster) -> None:
    assert not dead.alive()


def test_it_cannot_be_mended(dead: cluster.Cluster) -> None:
    with pytest.raises(LabError):
        dead.heal()


def test_its_node_says_that_it_is_not_up(dead: cluster.Cluster) -> None:
    with pytest.raises(NotUpError, match="node1 is not up"):
        dead.nodes[0].run("true")
    with pytest.raises(NotUpError):
        dead.control.stop_api_server(seconds=1)

"""The bundle on nodes that never had our images: it installs, runs, and asks nobody outside."""

import json
import os
import re
import struct
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from e2e import product
from e2e.lab import network
from e2e.lab.errors import CommandError
from e2e.lab.lab import Lab
from e2e.lab.outside import guarded
from e2e.lab.shell import run
from e2e.tests.leftovers import objects
from tools.bundle.assemble import assemble, version

pytestmark = [pytest.mark.lab, pytest.mark.long]

NAME = "bundle"
OUTSIDE = "192.0.2.1"  # of the range for documentation: nobody's
# One question for the address of "outside.example", as RFC 1035 has it.
QUESTION = (
    struct.pack(">6H", 1, 0x0100, 1, 0, 0, 0) + b"\7outside\7example\0" + struct.pack(">2H", 1, 1)
)
ASK = f"""
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
    asker.settimeout(3)
    asker.sendto({QUESTION!r}, ("{network.DNS_ADDRESS}", 53))
    asker.recv(512)
"""


@pytest.fixture
def bundle(lab: Lab, tmp_path: Path) -> Iterator[Path]:
    """Packed as `make bundle` does, and unpacked again; then the lab has its own images back."""
    archives = {target: archive for target, (_, archive) in product.build().items()}
    packed = assemble(archives, into=tmp_path, name=NAME)
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path, filter="data")
    yield tmp_path / NAME
    product.load(lab)


def test_bundle_runs_where_nothing_else_was_ever_loaded(
    lab: Lab, bundle: Path, results: Path
) -> None:
    nodes = [lab.node(name) for name in lab.node_names]
    for node in nodes:
        node.images.forget("aiconform/")
    values = product.ROOT / "e2e" / "values.yaml"
    chart = bundle / f"aiconform-{version()}.tgz"
    with guarded([node.network for node in nodes]) as guard, asked_of_dns(lab) as asked:
        with pytest.raises(CommandError):
            nodes[0].run("timeout", "2", "bash", "-c", f"exec 3<>/dev/tcp/{OUTSIDE}/80")
        assert guard.tried()["node1"] > 0
        nodes[0].run("python3", "-c", ASK)
        assert asked() == {"outside.example."}
        already = len(asked())

        for node in nodes:
            install(lab, bundle, node.paths.containerd_socket)
        done = subprocess.run(
            [*product.aiconform(), "run", "--chart", chart, "--values", values, *product.QUICK,
             "--set", "image.pullPolicy=Never", "--name", "gap", "--results", results],
            env=lab.env(), cwd=bundle, capture_output=True, text=True, check=False,
        )  # fmt: skip

        tried = guard.tried()
        names = asked()

    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads((results / "gap" / "summary.json").read_text())
    tested = {
        v["subject"]["node"]: v["outcome"] for v in summary["verdicts"] if v["item"] == "node"
    }
    assert tested == dict.fromkeys(lab.node_names, "PASS")
    assert tried == dict.fromkeys(lab.node_names, 0)
    assert len(names) == already, names
    assert not [each for each in objects(lab) if "aiconform" in each]


def install(lab: Lab, bundle: Path, socket: Path) -> None:
    """As the guide has it; `ctr` comes with the lab's containerd."""
    ctr = str(lab.node(1).programs.folders["containerd"])
    path = f"{ctr}:{os.environ.get('PATH', os.defpath)}"
    run(
        "./install.sh", "--containerd", "--socket", str(socket),
        cwd=bundle, env={**os.environ, "PATH": path},
    )  # fmt: skip


@contextmanager
def asked_of_dns(lab: Lab) -> Iterator["Asked"]:
    """The cluster's name server logs what it is asked about names outside."""
    before = lab.kubectl("-n", "kube-system", "get", "configmap", "coredns", "-o", "json")
    told = json.loads(before)
    corefile = told["data"]["Corefile"]
    try:
        configure(lab, corefile.replace(".:53 {\n", ".:53 {\n    log\n"))
        yield Asked(lab)
    finally:
        configure(lab, corefile)


def configure(lab: Lab, corefile: str) -> None:
    patch = json.dumps({"data": {"Corefile": corefile}})
    where = ("-n", "kube-system")
    lab.kubectl(*where, "patch", "configmap", "coredns", "--type=merge", "--patch", patch)
    lab.kubectl(*where, "rollout", "restart", "deployment/coredns")
    lab.kubectl(*where, "rollout", "status", "deployment/coredns", "--timeout=120s")


class Asked:
    """What the name server has logged since its start."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def __call__(self) -> set[str]:
        """Names outside the cluster."""
        log = self._lab.kubectl("-n", "kube-system", "logs", "deployment/coredns", "--tail=-1")
        return set(re.findall(r'"[A-Z]+ IN (\S+) ', log))

"""The running cluster: start it, find it again, mend it, remove it."""

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from e2e.lab import cgroups, containerd, machine, network, oci, paths
from e2e.lab.control_plane import ControlPlane
from e2e.lab.errors import LabError, MachineError
from e2e.lab.node import Node
from e2e.lab.paths import StatePaths
from e2e.lab.processes import Processes
from e2e.lab.programs import Programs
from e2e.lab.shell import at_once, attempt, run, say, wait_for

COREDNS = Path(__file__).resolve().parent / "manifests" / "coredns.yaml"
COREDNS_IMAGE = "docker.io/lab/coredns:1"
# Mount points that a machine without Kubernetes lacks.
MOUNT_POINTS = (Path("/var/lib/kubelet"),)


@dataclass(frozen=True)
class Cluster:
    """A started cluster."""

    state: StatePaths
    programs: Programs
    processes: Processes
    nodes: tuple[Node, ...]

    @property
    def control(self) -> ControlPlane:
        return ControlPlane(self.state, self.programs, self.processes)

    def kubectl(self, *args: str, stdin: str | None = None) -> str:
        kubeconfig = f"--kubeconfig={self.state.kubeconfig}"
        return run(self.programs.path("kubectl"), kubeconfig, *args, stdin=stdin)

    def alive(self) -> bool:
        """Do all daemons run?"""
        return self.control.alive() and all(node.alive() for node in self.nodes)

    def ready(self) -> bool:
        """Does the API server call all nodes Ready?"""
        text = self.kubectl("get", "nodes", "-o", "json", "--request-timeout=5s")
        found = {item["metadata"]["name"]: item for item in json.loads(text)["items"]}
        return all(node.name in found and _is_ready(found[node.name]) for node in self.nodes)

    def heal(self) -> None:
        """Undo every fault that can be undone, and wait until all nodes are Ready."""
        self.control.go_on()
        begun = datetime.now(UTC).replace(microsecond=0)
        restarted: list[str] = []
        for node in self.nodes:
            network.mend(node.network)
            if node.start_kubelet():
                restarted.append(node.name)
            node.start_kube_proxy()
        if not self.alive():
            raise LabError("a daemon of the lab has ended; `up` starts the lab anew")
        wait_for("all nodes to be Ready", self.ready, limit_s=90)
        for name in restarted:
            # Until its first report a new kubelet is taken for the old one, and knows no pod.
            wait_for(
                f"{name}'s new kubelet to report",
                lambda n=name: self._reported_since(n, begun),  # type: ignore[misc]
                limit_s=60,
            )

    def _reported_since(self, node: str, moment: datetime) -> bool:
        path = "{.status.conditions[?(@.type=='Ready')].lastHeartbeatTime}"
        text = self.kubectl("get", "node", node, "-o", f"jsonpath={path}")
        healthy = self.kubectl("get", "--raw", f"/api/v1/nodes/{node}/proxy/healthz")
        return datetime.fromisoformat(text) > moment and healthy == "ok"

    def grow(self, count: int) -> None:
        """Add nodes until there are this many."""
        if count > len(self.nodes):
            self._add(len(self.nodes) + 1, count)

    def bring_up(self, count: int) -> None:
        """Start everything on a clean machine."""
        cgroups.mounted().prepare(())
        network.make_switch()
        self.control.create_credentials()
        self.control.start()
        self._add(1, count)

    def _add(self, first: int, last: int) -> None:
        nodes = [_node(number, self) for number in range(first, last + 1)]
        everyone = [*self.nodes, *nodes]
        cgroups.mounted().prepare(tuple(node.name for node in nodes))
        at_once(lambda node: node.create(self.control.authority), nodes)
        network.route_pods([node.network for node in everyone])
        images = _lab_images(self.programs)
        for node in nodes:
            node.wait_for_containerd()
        for archive in images:
            image = oci.read(archive)
            at_once(lambda node, a=archive, i=image: node.images.load(a, i), nodes)  # type: ignore[misc]
        if first == 1:
            self.control.start_controllers()
        for node in nodes:
            node.start_kubelet()
            node.start_kube_proxy()
        if first == 1:
            self._apply_dns()
        grown = Cluster(self.state, self.programs, self.processes, tuple(everyone))
        say(f"waiting for {len(everyone)} nodes to be Ready ...")
        wait_for("all nodes to be Ready", grown.ready, limit_s=180)
        for node in nodes:
            pods = node.network.pods
            patch = json.dumps({"spec": {"podCIDR": pods, "podCIDRs": [pods]}})
            self.kubectl("patch", "node", node.name, "-p", patch)
        self.kubectl("-n", "kube-system", "rollout", "status", "deploy/coredns", "--timeout=120s")
        grown._write_summary()

    def _apply_dns(self) -> None:
        text = COREDNS.read_text().replace("${IMAGE}", COREDNS_IMAGE)
        self.kubectl("apply", "-f", "-", stdin=text.replace("${ADDRESS}", network.DNS_ADDRESS))

    def _write_summary(self) -> None:
        folders = {name: str(folder) for name, folder in self.programs.folders.items()}
        content = {"nodes": len(self.nodes), "programs": folders}
        partial = self.state.summary.with_suffix(".partial")
        partial.write_text(json.dumps(content, indent=2))
        partial.rename(self.state.summary)


def find(state: StatePaths) -> Cluster:
    """
    The cluster that an earlier `up` completed.

    Raises:
        LabError: There is none.
    """
    try:
        content = json.loads(state.summary.read_text())
    except (OSError, ValueError) as exc:
        raise LabError("the lab is not up; `python -m e2e.lab up` (or `make lab-up`)") from exc
    built = Programs({name: Path(folder) for name, folder in content["programs"].items()})
    return _cluster(state, built, content["nodes"])


def start(state: StatePaths, built: Programs, count: int) -> None:
    """
    Start a cluster on a machine that has none.

    Raises:
        LabError: The machine cannot carry it, or something did not become ready.
    """
    if not 1 <= count <= network.MOST_NODES:
        raise MachineError(f"the lab has 1 to {network.MOST_NODES} nodes, not {count}")
    machine.ensure(machine.CLUSTER)
    network.check_ranges_are_free()
    say(f"starting Kubernetes with {count} nodes ...")
    state.root.mkdir(parents=True, exist_ok=True)
    for point in MOUNT_POINTS:
        if not point.exists():
            with state.made.open("a") as made:
                made.write(f"{point}\n")
            point.mkdir(parents=True)
    _cluster(state, built, 0).bring_up(count)


def remove(state: StatePaths) -> None:
    """End and remove everything, whatever there is of it."""
    there = cgroups.mounted()
    there.kill_all()
    network.remove()
    there.remove()
    made = state.made.read_text().split() if state.made.exists() else []
    for place in [Path(line) for line in made]:
        if place.exists() and not any(place.iterdir()):
            place.rmdir()
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        point = line.split()[4]
        if point.startswith(f"{state.root}/"):
            attempt("umount", "--lazy", point)
    if state.root.exists():
        shutil.rmtree(state.root)


def full_name(reference: str) -> str:
    """The name that containerd knows an image by: `a/b:1` is docker.io's."""
    first = reference.partition("/")[0]
    return reference if "." in first or ":" in first else f"docker.io/{reference}"


def _cluster(state: StatePaths, built: Programs, count: int) -> Cluster:
    system = cgroups.mounted().system
    bare = Cluster(state, built, Processes(state.pids, state.logs, system), ())
    nodes = tuple(_node(number, bare) for number in range(1, count + 1))
    return Cluster(state, built, bare.processes, nodes)


def _node(number: int, of: Cluster) -> Node:
    return Node(number, of.state, of.programs, of.processes, cgroups.mounted())


def _lab_images(built: Programs) -> list[Path]:
    """Archives of the two images without which no pod runs."""
    recipes = {containerd.PAUSE: "pause", COREDNS_IMAGE: "coredns"}
    archives = []
    for reference, binary in recipes.items():
        archive = paths.cache() / "images" / f"{built.folders[binary].name}.tar"
        if not archive.exists():
            files = {f"/{binary}": Path(built.path(binary))}
            oci.write_from_files(
                archive, reference=reference, files=files, entrypoint=[f"/{binary}"]
            )
        archives.append(archive)
    return archives


def _is_ready(node: dict[str, Any]) -> bool:
    conditions = node["status"].get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)

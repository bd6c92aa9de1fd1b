"""The lab as its callers see it: start, use, break, mend, stop."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from e2e.lab import cluster, network, oci, programs
from e2e.lab.cluster import Cluster
from e2e.lab.errors import CommandError, LabError
from e2e.lab.lock import exclusive
from e2e.lab.node import Node
from e2e.lab.paths import StatePaths
from e2e.lab.programs import Programs
from e2e.lab.shell import at_once, run, say


class Lab:
    """
    The one lab of this machine.

    Every method but `up`, `down` and `is_up` raises a LabError when the lab is not up.
    """

    def __init__(self) -> None:
        self._state = StatePaths()

    @property
    def node_names(self) -> tuple[str, ...]:
        return tuple(node.name for node in self._cluster().nodes)

    def is_up(self) -> bool:
        """Is the whole of it there, and every node Ready?"""
        try:
            running = self._cluster()
            return running.alive() and running.ready()
        except LabError:
            return False

    def up(self, *, nodes: int = 4) -> None:
        """
        Bring the cluster up with at least this many nodes, from whatever state it is in.

        Raises:
            LabError: It did not work; the logs stay until the next `up` or `down`.
        """
        with exclusive():
            built = programs.ensure()
            if self._mended(built):
                self._cluster().grow(nodes)
                return
            cluster.remove(self._state)
            self._start(built, nodes)

    def down(self) -> None:
        """Remove everything that any `up` made, complete or not; harmless when there is nothing."""
        with exclusive():
            cluster.remove(self._state)

    def heal(self) -> None:
        """
        Undo every planted fault and wait until all nodes are Ready.

        Raises:
            LabError: Something is gone for good, or a node stays NotReady.
        """
        self._cluster().heal()

    def env(self) -> dict[str, str]:
        """The caller's environment, with this cluster's kubeconfig, kubectl and helm."""
        built = self._cluster().programs
        path = ":".join([*map(str, built.for_people), os.environ.get("PATH", os.defpath)])
        return {**os.environ, "KUBECONFIG": str(self._state.kubeconfig), "PATH": path}

    def kubectl(self, *args: str, input: str | None = None) -> str:  # noqa: A002 - as in subprocess
        """What kubectl prints; a CommandError with its complaint if it fails."""
        return run("kubectl", *args, stdin=input, env=self.env())

    def helm(self, *args: str) -> str:
        """What helm prints; a CommandError with its complaint if it fails."""
        return run("helm", *args, env=self.env())

    def shell(self, command: str, *, cwd: Path) -> str:
        """What a shell command prints that a person would type; a CommandError if it fails."""
        return run("bash", "-euo", "pipefail", "-c", command, cwd=cwd, env=self.env())

    def load_image(self, archive: Path) -> None:
        """Load an OCI archive into every node that does not have its image."""
        image = oci.read(archive)
        nodes = self._cluster().nodes
        if any(at_once(lambda node: node.images.load(archive, image), nodes)):
            say(f"loaded {image.reference}")

    @contextmanager
    def without_image(self, node: str, reference: str) -> Iterator[None]:
        """Remove an image from one node, as far as the kubelet can tell; it is back afterwards."""
        images, full = self.node(node).images, cluster.full_name(reference)
        images.hide(full)
        try:
            yield
        finally:
            images.show(full)

    def node(self, name: str | int) -> Node:
        """A node by its name or number."""
        found = {n.name: n for n in self._cluster().nodes}
        wanted = f"node{name}" if isinstance(name, int) else name
        if wanted not in found:
            raise LabError(f"no node {wanted}; there are {', '.join(found)}")
        return found[wanted]

    def start_process_on(
        self, node: str | int, argv: Sequence[str], *, name: str, **env: str
    ) -> None:
        """Start a program beside the node's kubelet: its network, its mounts, its own log."""
        self.node(node).start(name, argv, env=env)

    def stop_process_on(self, node: str | int, name: str) -> None:
        """End what `start_process_on` started; harmless when it ended by itself."""
        self.node(node).stop(name)

    def log_of(self, component: str) -> Path:
        """The log file of "control.kube-apiserver", "node1.kubelet", …"""
        return self._state.logs / f"{component}.log"

    @property
    def audit(self) -> Path:
        """What service accounts asked of the API server: one JSON event a line."""
        return self._state.audit

    def components(self) -> tuple[str, ...]:
        """Names that `log_of` knows."""
        return tuple(sorted(path.stem for path in self._state.logs.glob("*.log")))

    def slow(self, node: str, *, rate_mbit: int, direction: str) -> None:
        """Limit what a node sends ("egress") or receives ("ingress"), until `heal`."""
        network.slow(self.node(node).network, rate_mbit=rate_mbit, direction=direction)

    def lose(self, node: str, *, percent: float, direction: str) -> None:
        """Lose a share of what a node sends ("egress") or receives ("ingress"), until `heal`."""
        network.lose(self.node(node).network, percent=percent, direction=direction)

    def cut(self, node: str) -> None:
        """Pull a node's network cable, until `heal`. It is NotReady some 20 s later."""
        network.cut(self.node(node).network)

    def kill_kubelet(self, node: str) -> None:
        """Kill a node's kubelet; its pods go on. `heal` starts it again."""
        self.node(node).kill_kubelet()

    def stop_api_server(self, *, seconds: float) -> None:
        """Freeze the API server and return at once; it goes on after this time, or by `heal`."""
        self._cluster().control.stop_api_server(seconds=seconds)

    @contextmanager
    def full_volume(self, node: str, *, size_kib: int = 64) -> Iterator[Path]:
        """A folder on a node for a hostPath volume, on a file system without a free byte."""
        chosen = self.node(node)
        place = chosen.paths.root / f"full-{time.monotonic_ns()}"
        place.mkdir()
        chosen.run("mount", "-t", "tmpfs", "-o", f"size={size_kib}k,mode=777", "full", str(place))
        try:
            # `dd` ends with an error when the space does, which is the aim.
            with suppress(CommandError):
                chosen.run("dd", "if=/dev/zero", f"of={place}/ballast", "bs=1k")
            yield place
        finally:
            chosen.run("umount", "--lazy", str(place))
            place.rmdir()

    def _mended(self, built: Programs) -> bool:
        """Can the cluster that is there be used, once its faults are undone?"""
        try:
            running = self._cluster()
            if running.programs.key != built.key:
                return False
            running.heal()
        except LabError:
            return False
        return True

    def _start(self, built: Programs, nodes: int) -> None:
        begun = time.monotonic()
        try:
            cluster.start(self._state, built, nodes)
        except KeyboardInterrupt:
            say("interrupted; removing what was started ...")
            cluster.remove(self._state)
            raise
        except LabError:
            say(f"the logs are in {self._state.logs}")
            raise
        say(f"{nodes} nodes are Ready after {time.monotonic() - begun:.0f} s")

    def _cluster(self) -> Cluster:
        return cluster.find(self._state)

"""
One node: namespaces of its own, and in them containerd, kubelet and kube-proxy.

Network, mounts and host name are the node's; processes, users and the kernel are the machine's.
"""

import json
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from e2e.lab import certificates, containerd, network
from e2e.lab.cgroups import Cgroups
from e2e.lab.errors import NotUpError
from e2e.lab.network import NodeNetwork
from e2e.lab.node_config import SYSCTLS, kube_proxy_config, kubelet_config, pod_network
from e2e.lab.paths import NodePaths, StatePaths
from e2e.lab.processes import Processes
from e2e.lab.programs import Programs
from e2e.lab.shell import run, system_env, wait_for

SETUP = Path(__file__).resolve().parent / "manifests" / "node.sh"


@dataclass(frozen=True)
class Node:
    """A node by its number; the first is 1."""

    number: int
    state: StatePaths
    programs: Programs
    processes: Processes
    cgroups: Cgroups

    @property
    def name(self) -> str:
        return f"node{self.number}"

    @property
    def network(self) -> NodeNetwork:
        return NodeNetwork(self.number)

    @property
    def paths(self) -> NodePaths:
        return self.state.node(self.name)

    @property
    def kubelet_root(self) -> Path:
        return self.paths.kubelet_root

    @property
    def plugins_registry(self) -> Path:
        return self.paths.plugins_registry

    @property
    def device_plugins(self) -> Path:
        return self.paths.device_plugins

    @property
    def cdi_dir(self) -> Path:
        return self.paths.cdi_dir

    @property
    def images(self) -> containerd.Images:
        return containerd.Images(self.paths, self.programs)

    def create(self, authority: certificates.Authority) -> None:
        """Folders, certificates, configuration, namespaces; then containerd."""
        self._write_files(authority)
        network.plug_node(self.network)
        inside = ("unshare", "--mount", "--uts", "--propagation", "private")
        net = f"--net={network.namespace_file(self.network.namespace)}"
        setup = ("/bin/sh", str(SETUP), str(self.paths.root), self.name)
        self.processes.start(self._name("mounts"), ["nsenter", net, *inside, *setup])
        ready = self.paths.root / "mounted"
        wait_for(f"{self.name}'s mounts", ready.exists, limit_s=20, pause_s=0.05)
        config = containerd.write_config(self.paths, self.programs)
        self.start("containerd", [self.programs.path("containerd"), "--config", str(config)])

    def wait_for_containerd(self) -> None:
        wait_for(f"{self.name}'s containerd", self.images.answers, limit_s=60)

    def start_kubelet(self) -> bool:
        """Start the kubelet unless it runs; True when it had to be started."""
        if self.processes.alive(self._name("kubelet")):
            return False
        self.start(
            "kubelet",
            [
                self.programs.path("kubelet"),
                f"--config={self.paths.config / 'kubelet.yaml'}",
                f"--kubeconfig={self.paths.config / 'kubelet.kubeconfig'}",
                "--root-dir=/var/lib/kubelet",
                f"--cert-dir={self.paths.config}",
                f"--hostname-override={self.name}",
                f"--node-ip={self.network.address}",
            ],
        )
        return True

    def kill_kubelet(self) -> None:
        self.processes.stop(self._name("kubelet"), number=signal.SIGKILL)

    def start_kube_proxy(self) -> None:
        """Start kube-proxy unless it runs."""
        if self.processes.alive(self._name("kube-proxy")):
            return
        config = self.paths.config / "kube-proxy.yaml"
        self.start("kube-proxy", [self.programs.path("kube-proxy"), f"--config={config}"])

    def alive(self) -> bool:
        """Do all of the node's own daemons run?"""
        names = ("mounts", "containerd", "kubelet", "kube-proxy")
        return all(self.processes.alive(self._name(name)) for name in names)

    def enter(self) -> tuple[str, ...]:
        """Prefix of a command that is to run on this node."""
        holder = self.processes.find(self._name("mounts"))
        if holder is None:
            raise NotUpError(f"{self.name} is not up; `up` starts or mends the lab")
        # Not `ip netns exec`: that mounts a new /sys, in which the cgroup tree is missing.
        return ("nsenter", f"--target={holder.pid}", "--net", "--mount", "--uts")

    def run(self, *argv: str) -> str:
        """Run a command on the node, to its end."""
        return run(*self.enter(), *argv)

    def start(
        self, name: str, argv: Sequence[str], *, env: Mapping[str, str] | None = None
    ) -> None:
        """Start a daemon on the node."""
        programs = ":".join(str(folder) for folder in self.programs.folders.values())
        base = system_env()
        base["PATH"] = f"{programs}:{base['PATH']}"
        self.processes.start(self._name(name), [*self.enter(), *argv], env={**base, **(env or {})})

    def stop(self, name: str) -> None:
        self.processes.stop(self._name(name))

    def _name(self, program: str) -> str:
        return f"{self.name}.{program}"

    def _write_files(self, authority: certificates.Authority) -> None:
        paths, config = self.paths, self.paths.config
        for folder in (
            paths.plugins_registry, paths.device_plugins, paths.cdi_dir, paths.logs,
            paths.containerd_root, config / "cni", config / "sysctl",
        ):  # fmt: skip
            folder.mkdir(parents=True, exist_ok=True)
        server = f"https://{network.CONTROL_ADDRESS}:6443"
        kubelet = authority.issue(
            self.name, common_name=f"system:node:{self.name}", group="system:nodes",
            hosts=(self.name, self.network.address),
        )  # fmt: skip
        proxy = authority.issue(f"{self.name}-proxy", common_name="system:kube-proxy")
        for program, user in (("kubelet", kubelet), ("kube-proxy", proxy)):
            certificates.write_kubeconfig(
                config / f"{program}.kubeconfig", server=server, authority=authority, user=user
            )
        own = kubelet_config(
            config, socket=paths.containerd_socket, cgroup_root=self.cgroups.root_of(self.name),
            serving=kubelet, authority=authority.pair.certificate,
        )  # fmt: skip
        (config / "kubelet.yaml").write_text(yaml.safe_dump(own))
        (config / "kube-proxy.yaml").write_text(
            yaml.safe_dump(kube_proxy_config(config, node=self.name))
        )
        (config / "cni" / "10-lab.conflist").write_text(json.dumps(pod_network(self.network.pods)))
        # Nothing answers there, at once: a node does not know the cluster's names.
        (config / "resolv.conf").write_text(f"nameserver {network.SWITCH_ADDRESS}\n")
        (config / "hosts").write_text(
            f"127.0.0.1 localhost\n::1 localhost\n{self.network.address} {self.name}\n"
        )
        for name, value in SYSCTLS.items():
            (config / "sysctl" / name).write_text(f"{value}\n")

"""Where the lab keeps things: a cache that outlives it, and a state folder that `down` removes."""

import os
from dataclasses import dataclass
from pathlib import Path

# One fixed place, so that any later `down` finds what any earlier `up` began. Not below /run: that
# is memory on most machines, and container images are large.
STATE = Path("/var/lib/aiconform-lab")
LOCK = Path("/run/aiconform-lab.lock")

# Every name that the lab gives to something of the kernel's begins with it.
PREFIX = "aic-"
CGROUP = "aiconform-lab"


def cache() -> Path:
    """Programs and images that are slow to make; keyed by content, safe to delete."""
    chosen = os.environ.get("AICONFORM_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aiconform"


@dataclass(frozen=True)
class NodePaths:
    """
    One node's folders, as the host names them.

    Inside the node's mount namespace some of them lie where every cluster has them: `kubelet_root`
    at /var/lib/kubelet, `logs` at /var/log, `cdi_dir` at /var/run/cdi.
    """

    root: Path

    @property
    def kubelet_root(self) -> Path:
        return self.root / "kubelet"

    @property
    def plugins_registry(self) -> Path:
        """Where DRA drivers register, by a socket."""
        return self.kubelet_root / "plugins_registry"

    @property
    def device_plugins(self) -> Path:
        """Where device plugins find `kubelet.sock` and put their own socket."""
        return self.kubelet_root / "device-plugins"

    @property
    def cdi_dir(self) -> Path:
        return self.root / "cdi"

    @property
    def logs(self) -> Path:
        return self.root / "log"

    @property
    def containerd_root(self) -> Path:
        return self.root / "containerd"

    @property
    def containerd_socket(self) -> Path:
        return self.root / "containerd.sock"

    @property
    def config(self) -> Path:
        return self.root / "config"


@dataclass(frozen=True)
class StatePaths:
    """The state folder of a running lab."""

    root: Path = STATE

    @property
    def summary(self) -> Path:
        """What was started; it exists only when `up` has come to its end."""
        return self.root / "lab.json"

    @property
    def kubeconfig(self) -> Path:
        return self.root / "kubeconfig"

    @property
    def pki(self) -> Path:
        return self.root / "pki"

    @property
    def control(self) -> Path:
        return self.root / "control"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def audit(self) -> Path:
        """What service accounts asked of the API server: one JSON event a line."""
        return self.root / "audit.jsonl"

    @property
    def pids(self) -> Path:
        return self.root / "pids"

    @property
    def made(self) -> Path:
        """Folders that the lab had to make outside its own, one a line."""
        return self.root / "made"

    def node(self, name: str) -> NodePaths:
        return NodePaths(self.root / "nodes" / name)

"""
The lab's own branch in the cgroup tree: `aiconform-lab/system` for its daemons, `/nodeN` for pods.

Whatever the lab starts, and whatever that starts in turn, stays in this branch. Emptying it is
therefore enough to end everything, even after an `up` that was killed half way.
"""

import os
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

from e2e.lab.errors import MachineError
from e2e.lab.paths import CGROUP
from e2e.lab.shell import wait_for

# Which v1 hierarchy tells who belongs to the lab: one that limits nothing by being in it.
TRACKING = ("pids", "freezer", "systemd")
V2_CONTROLLERS = ("cpuset", "cpu", "io", "memory", "hugetlb", "pids")


@dataclass(frozen=True)
class Cgroups:
    """The mounted hierarchies: several on cgroup v1, one on v2."""

    hierarchies: tuple[Path, ...]
    is_v2: bool
    beside: tuple[Path, ...] = ()  # v2 mounted beside v1: runc makes groups there too

    @property
    def tracking(self) -> Path:
        """The lab's branch in the hierarchy that daemons join."""
        names = {path.name: path for path in self.hierarchies}
        found = next((names[n] for n in TRACKING if n in names), self.hierarchies[0])
        return found / CGROUP

    @property
    def system(self) -> Path:
        """A daemon joins this group before it becomes itself."""
        return self.tracking / "system"

    def root_of(self, node: str) -> str:
        """A kubelet's `cgroupRoot`."""
        return f"/{CGROUP}/{node}"

    def prepare(self, nodes: tuple[str, ...]) -> None:
        """Make the branch in every hierarchy, filled in as kubelet and runc expect it."""
        try:
            for hierarchy in self.hierarchies:
                self._prepare(hierarchy, nodes)
        except OSError as exc:
            raise MachineError(
                f"cannot make control groups: {exc}. The lab needs root and a writable cgroup tree"
            ) from exc

    def _prepare(self, hierarchy: Path, nodes: tuple[str, ...]) -> None:
        branch = hierarchy / CGROUP
        groups = [branch, branch / "system", *(branch / node for node in nodes)]
        if self.is_v2:
            _enable_controllers(hierarchy)
        for group in groups:
            group.mkdir(exist_ok=True)
            if not self.is_v2:
                _inherit_cpuset(group)
            elif group.name != "system":  # a group with processes of its own cannot pass them on
                _enable_controllers(group)

    def members(self) -> set[int]:
        """Process ids of everything that runs in the branch."""
        found: set[int] = set()
        for listing in self.tracking.rglob("cgroup.procs"):
            try:
                found.update(int(word) for word in listing.read_text().split())
            except OSError:  # the group went away while we looked
                continue
        return found

    def kill_all(self) -> None:
        """End every process of the branch, until none is left."""

        def empty() -> bool:
            members = self.members() - {0}
            for pid in members:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            return not members

        wait_for("the lab's processes to end", empty, limit_s=30, pause_s=0.05)

    def remove(self) -> None:
        """Remove the branch, deepest groups first; a group is busy for a moment after a kill."""
        for hierarchy in (*self.hierarchies, *self.beside):
            branch = hierarchy / CGROUP
            if branch.exists():
                wait_for(f"{branch} to go", lambda b=branch: _removed(b), limit_s=20)  # type: ignore[misc]


def mounted() -> Cgroups:
    """
    What this machine has mounted.

    Raises:
        MachineError: No cgroup hierarchy at all.
    """
    v1: dict[Path, None] = {}
    v2: list[Path] = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        path, kind = Path(before.split()[4]), after.split()[0]
        if kind == "cgroup":
            v1[path] = None
        elif kind == "cgroup2":
            v2.append(path)
    if any((path / "memory.limit_in_bytes").exists() for path in v1):
        return Cgroups(hierarchies=tuple(v1), is_v2=False, beside=tuple(v2))
    if not v2:
        raise MachineError("no cgroup hierarchy is mounted below /sys/fs/cgroup")
    return Cgroups(hierarchies=(v2[0],), is_v2=True)


def _enable_controllers(group: Path) -> None:
    there = set((group / "cgroup.controllers").read_text().split())
    on = set((group / "cgroup.subtree_control").read_text().split())
    for name in V2_CONTROLLERS:
        if name in there - on:
            (group / "cgroup.subtree_control").write_text(f"+{name}")


def _inherit_cpuset(group: Path) -> None:
    """A v1 cpuset group starts empty, and no process may enter it until it has CPUs and memory."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        if (group / name).exists() and not (group / name).read_text().strip():
            shutil.copyfile(group.parent / name, group / name)


def _removed(branch: Path) -> bool:
    for folder, _, _ in os.walk(branch, topdown=False):
        try:
            Path(folder).rmdir()
        except OSError:
            return False
    return True

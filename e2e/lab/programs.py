"""
The cluster's programs, built from pinned Go modules and kept in the cache.

A program is a folder below `tools/` with `go.mod` and `go.sum`; its `tool` lines say what to build.
The cache key is the hash of everything that decides the result, and a build appears in the cache
whole or not at all.
"""

import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from e2e.lab import golang, machine, paths
from e2e.lab.errors import CommandError, NotUpError, ProgramBuildError
from e2e.lab.shell import run, say

TOOLS = Path(__file__).resolve().parent / "tools"
KUBERNETES_VERSION = "v1.37.2"
_VERSION = "k8s.io/component-base/version"


@dataclass(frozen=True)
class Program:
    """One tools module: how it is built, and about how long that takes on two cores."""

    name: str
    duration: str
    needs_c: bool = False
    tags: str = ""
    ldflags: str = "-s -w"
    target: str = "tool"
    rename: Mapping[str, str] = field(default_factory=dict)
    home: Path = TOOLS

    @property
    def folder(self) -> Path:
        return self.home / self.name

    @property
    def arguments(self) -> tuple[str, ...]:
        return ("-trimpath", "-buildvcs=false", "-tags", self.tags, "-ldflags", self.ldflags)


PROGRAMS = (
    # Without these flags the API server says that it is v0.0.0, and clients refuse it.
    Program(
        "kubernetes",
        "7 min",
        ldflags=f"-s -w -X {_VERSION}.gitVersion={KUBERNETES_VERSION}"
        f" -X {_VERSION}.gitMajor=1 -X {_VERSION}.gitMinor={KUBERNETES_VERSION.split('.')[1]}",
    ),
    Program("etcd", "30 s", rename={"server": "etcd"}),
    Program("containerd", "1 min", tags="no_btrfs,no_devmapper,no_zfs,no_aufs"),
    Program("runc", "15 s", needs_c=True, tags="seccomp"),
    Program("cni", "10 s"),
    Program("helm", "2 min"),
    Program("coredns", "2 min"),
    Program("pause", "1 s", target="."),
)


@dataclass(frozen=True)
class Programs:
    """Where each program's binaries lie."""

    folders: Mapping[str, Path]

    def path(self, binary: str) -> str:
        """The absolute path of a binary, whichever program it comes with."""
        found = [folder / binary for folder in self.folders.values() if (folder / binary).exists()]
        if not found:
            raise NotUpError(f"{binary} is not there any more; `up` builds it again")
        return str(found[0])

    @property
    def key(self) -> str:
        """Changes when any program does."""
        return hashlib.sha256(
            "\n".join(sorted(map(str, self.folders.values()))).encode()
        ).hexdigest()

    @property
    def for_people(self) -> tuple[Path, ...]:
        """Folders with what a person calls: kubectl and helm."""
        return (self.folders["kubernetes"], self.folders["helm"])


def ensure() -> Programs:
    """Find every program in the cache, and build those that are not there."""
    go = golang.ensure(minimum=_newest_go_line())
    return Programs({program.name: _ensure(program, go) for program in PROGRAMS})


def ensure_one(program: Program) -> Path:
    """The folder with one program's binaries, from the cache or built."""
    return _ensure(program, golang.ensure(minimum=_newest_go_line()))


def cache_key(program: Program, go_version: str) -> str:
    """Hash of all that decides what comes out of the build."""
    digest = hashlib.sha256()
    sources = sorted(p for p in program.folder.iterdir() if p.suffix in {".mod", ".sum", ".go"})
    for source in sources:
        digest.update(f"{source.name}\0".encode() + source.read_bytes() + b"\0")
    settings = (go_version, *program.arguments, str(program.needs_c), os.uname().machine)
    digest.update("\0".join(settings).encode())
    return digest.hexdigest()[:16]


def _ensure(program: Program, go: golang.Go) -> Path:
    home = paths.cache() / "programs"
    place = home / f"{program.name}-{cache_key(program, go.version)}"
    if place.exists():
        return place
    if program.needs_c:
        machine.ensure(machine.RUNC_BUILD)
    say(f"building {program.name} {_version(program)} (about {program.duration} on two cores) ...")
    begun = time.monotonic()
    home.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{program.name}-", dir=home))
    try:
        _build(program, go, building)
        building.chmod(0o755)
        building.rename(place)
    except OSError:
        if not place.exists():  # else somebody else built the same meanwhile
            raise
    finally:
        shutil.rmtree(building, ignore_errors=True)
    say(f"built {program.name} in {time.monotonic() - begun:.0f} s")
    return place


def _build(program: Program, go: golang.Go, target: Path) -> None:
    env = {**go.env, "CGO_ENABLED": "1" if program.needs_c else "0"}
    output = ("-o", f"{target}/")
    try:
        run(
            go.binary,
            "build",
            *program.arguments,
            *output,
            program.target,
            cwd=program.folder,
            env=env,
        )
    except CommandError as exc:
        raise ProgramBuildError(f"could not build {program.name}: {exc}") from exc
    for old, new in program.rename.items():
        (target / old).rename(target / new)


def _version(program: Program) -> str:
    """The pinned version of the module that the first tool line is part of, for people."""
    text = _mod(program)
    tool = re.search(r"^(?:tool|\t)\s*(\S+/\S+)$", text, re.MULTILINE)
    modules = re.findall(r"^(?:require|\t)\s*(\S+/\S+) (v\S+)", text, re.MULTILINE)
    return next((v for path, v in modules if tool and tool.group(1).startswith(path)), "")


def _mod(program: Program) -> str:
    return (program.folder / "go.mod").read_text()


def _newest_go_line() -> str:
    lines = [re.search(r"^go (\S+)$", _mod(p), re.MULTILINE) for p in PROGRAMS]
    return max((line.group(1) for line in lines if line), key=golang.as_tuple)

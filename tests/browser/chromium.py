"""
Where a Chromium is. On Debian and Ubuntu, and as root, one is installed when there is none.

Playwright's own download is never used: a distribution's browser is what readers have, and it
comes from where a site's packages come from.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_LIMIT_S = 280.0


def chromium() -> str:
    """Path of the program; skips, with what to do, when there is none and none can be had."""
    with _alone():
        found = _found() or (_install() and _found())
    if not found:
        pytest.skip(
            "no Chromium: install the package chromium, or set AICONFORM_CHROMIUM to the program"
        )
    return found


def _found() -> str:
    named = os.environ.get("AICONFORM_CHROMIUM", "")
    return named or next((path for name in NAMES if (path := shutil.which(name))), "")


def _install() -> bool:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for words in (("update", "-qq"), ("install", "-y", "-qq", "--no-install-recommends",
                                      "chromium", "fonts-dejavu-core")):  # fmt: skip
        done = subprocess.run(
            ("apt-get", *words), env=environment, capture_output=True, timeout=_LIMIT_S, check=False
        )
    return done.returncode == 0


@contextmanager
def _alone() -> Iterator[None]:
    """Two test sessions must not install at once."""
    with Path("/tmp/aiconform-chromium.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

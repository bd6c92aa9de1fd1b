"""The environment of a probe's process: the image's own, with what frameworks need added."""

import os
from collections.abc import Mapping
from pathlib import Path

from aiconform.agent.inventory.read import Tree
from aiconform.agent.probes.sizes import usable_cores


def child_environ(environ: Mapping[str, str], *, work: Path) -> "dict[str, str]":
    """
    What the user or the image has set is kept; only gaps are filled.

    The pod has a read-only root and often no home, while frameworks want to write caches.
    """
    home = Path(environ.get("HOME") or "/")
    added = {
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # leave memory for the node's other users
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "PYTHONUNBUFFERED": "1",  # last words must not stay in a buffer
        "TMPDIR": str(work),
        **_thread_counts(),
    }
    forced = {"AICONFORM_WORK": str(work)}
    if not os.access(home, os.W_OK):
        forced["HOME"] = str(work)
    return {**added, **environ, **forced}


def _thread_counts() -> "dict[str, str]":
    """
    As many threads as the quota has cores: more would only be throttled.

    NPROC is what XLA's CPU client reads, OMP_NUM_THREADS what PyTorch and NumPy read.
    """
    cores = usable_cores(Tree())
    if cores >= len(os.sched_getaffinity(0)):
        return {}
    return {"NPROC": str(cores), "OMP_NUM_THREADS": str(cores)}

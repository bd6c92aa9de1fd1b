"""What the command line imports must not load the Kubernetes client or kopf: they take seconds."""

import subprocess
import sys

import pytest

LIGHT = ("accelerators", "facts", "fake", "kubectl", "manifests", "protocol", "rights", "trouble")
# These load the libraries only when they are used.
LAZY = ("client", "watch", "watcher")


@pytest.mark.parametrize("module", [*LIGHT, *LAZY])
def test_import_loads_no_kubernetes_library(module: str) -> None:
    program = (
        f"import sys, aiconform.cluster.{module}\n"
        "print([m for m in ('kubernetes', 'kopf', 'aiohttp') if m in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"

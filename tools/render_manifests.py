"""
Render manifests/install.yaml from the chart, for people without Helm.

With --check nothing is written: exit 1 when the file is not what the chart renders.
Uses `helm` from PATH; without one, the lab's is taken from its cache or built (two minutes).
"""

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

CHART = ROOT / "charts" / "aiconform"
TARGET = ROOT / "manifests" / "install.yaml"
NAME = "aiconform"
SETTINGS = (f"namespace.name={NAME}", f"run.name={NAME}")
KUBECTL = f"kubectl --namespace {NAME}"
HEADER = f"""\
# aiconform without Helm: the chart as `make manifests` renders it. Do not edit; the chart has every setting.
#
#   kubectl apply -f manifests/install.yaml
#   {KUBECTL} wait configmap/{NAME}-status --for=jsonpath='{{.data.stage}}'=hold --timeout=5700s
#   {KUBECTL} cp "$({KUBECTL} get pod --selector aiconform/role=coordinator --field-selector status.phase=Running --output jsonpath='{{.items[0].metadata.name}}'):/results/{NAME}.tar.gz" {NAME}.tar.gz
#   {KUBECTL} exec job/{NAME} -- aiconform release
#   kubectl delete -f manifests/install.yaml --cascade=foreground
"""  # noqa: E501 - lines to copy whole
# What only Helm says about its own objects.
HELMS = re.compile(r"^ *(helm\.sh/chart: .*|app\.kubernetes\.io/managed-by: Helm)\n", re.MULTILINE)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, do not write")
    rendered = render(helm())
    if not parser.parse_args().check:
        TARGET.parent.mkdir(exist_ok=True)
        TARGET.write_text(rendered)
        return 0
    if TARGET.exists() and TARGET.read_text() == rendered:
        return 0
    print("manifests/install.yaml is not what the chart renders: `make manifests`", file=sys.stderr)
    return 1


def helm() -> str:
    if found := shutil.which("helm"):
        return found
    from e2e.lab import programs

    program = next(p for p in programs.PROGRAMS if p.name == "helm")
    return str(programs.ensure_one(program) / "helm")


def render(helm_binary: str) -> str:
    """The chart's objects with the default values, in a namespace of their own."""
    sets = [arg for setting in SETTINGS for arg in ("--set", setting)]
    command = [helm_binary, "template", NAME, str(CHART), "--namespace", "default", *sets]
    objects = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return HEADER + HELMS.sub("", objects)


if __name__ == "__main__":
    sys.exit(main())

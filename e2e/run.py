"""`make run`: validate the lab's cluster, or the cluster of the current kubeconfig."""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from e2e.product import ROOT, aiconform, arguments, load


def main() -> int:
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--cluster", choices=("lab", "current"), default="lab")
    parser.add_argument("--nodes", type=int, default=4, help="nodes of the lab (default 4)")
    # The rest goes to `aiconform run`, as in `make run ARGS="--set run.profile=quick"`.
    args, rest = parser.parse_known_args()
    if args.cluster == "current":
        return subprocess.call([*aiconform(), "run", *rest], cwd=ROOT)
    return _on_lab(args.nodes, rest)


def _on_lab(nodes: int, rest: list[str]) -> int:
    from e2e.lab.lab import Lab

    begun = time.monotonic()
    lab = Lab()
    lab.up(nodes=nodes)
    product = load(lab)
    print(f"The cluster is ready after {time.monotonic() - begun:.0f} s. `make lab-down` ends it.")
    command = arguments(product, Path("results"), *rest)
    return subprocess.call(command, env=lab.env(), cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main())

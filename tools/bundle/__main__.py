"""`make bundle`: build the images (or take them from the cache) and put the bundle into dist/."""

import platform
import sys
from pathlib import Path

from e2e import product
from tools.bundle.assemble import ROOT, assemble, version


def main() -> int:
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    name = f"aiconform-{version()}-bundle-{machine}"
    archives = {target: archive for target, (_, archive) in product.build().items()}
    target = assemble(archives, into=ROOT / "dist", name=name)
    print(f"{target.relative_to(Path.cwd())}: {target.stat().st_size / 1e6:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())

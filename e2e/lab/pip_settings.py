"""
How this machine's pip reaches its index, for the time of an image build and not a moment longer.

An index, a proxy or a certificate authority of the site is set in files and in the environment. A
build needs it, and an image must not carry it: it is mounted, and left out of every layer.
"""

import configparser
import os
from collections.abc import Mapping
from pathlib import Path

CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
# Settings that say how to reach packages; anything else is the machine's private taste.
WANTED = ("index-url", "extra-index-url", "no-index", "trusted-host", "proxy", "timeout", "retries")
CA_VARIABLES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")


def files() -> tuple[Path, ...]:
    """Where pip itself looks, weakest first."""
    home = Path.home()
    return (Path("/etc/pip.conf"), home / ".pip" / "pip.conf", home / ".config/pip/pip.conf")


def effective(environment: Mapping[str, str], found: tuple[Path, ...]) -> dict[str, str]:
    """The wanted settings, a later file over an earlier one and the environment over both."""
    parser = configparser.RawConfigParser()
    parser.read(found)
    stated = {
        key.replace("_", "-"): value
        for section in ("global", "install")
        if parser.has_section(section)
        for key, value in parser.items(section)
    }
    for name in WANTED:
        value = environment.get(f"PIP_{name.replace('-', '_').upper()}")
        if value:
            stated[name] = value
    return {name: stated[name] for name in WANTED if name in stated}


def ca_bundle(environment: Mapping[str, str]) -> Path:
    """The bundle that this machine trusts."""
    for name in CA_VARIABLES:
        chosen = Path(environment.get(name, ""))
        if chosen.is_file():
            return chosen
    return CA_BUNDLE


def mounts(folder: Path) -> list[str]:
    """
    Arguments for `buildah build` that give its commands our pip settings.

    Args:
        folder: Takes the generated `pip.conf`; must last as long as the build.
    """
    settings = {**effective(os.environ, files()), "cert": str(CA_BUNDLE)}
    config = folder / "pip.conf"
    lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
    config.write_text(f"[global]\n{lines}")
    return [
        f"--volume={config}:/etc/pip.conf:ro",
        f"--volume={ca_bundle(os.environ)}:{CA_BUNDLE}:ro",
    ]

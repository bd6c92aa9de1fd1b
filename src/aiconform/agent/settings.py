"""What the pod's environment tells the agent."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiconform.agent.errors import SettingsError


@dataclass(frozen=True)
class Settings:
    run: str
    node: str
    address: str  # the pod's IP: where peers reach it
    collector: str  # https://<address>:<port>
    ca: Path
    token: Path
    engine: str = "auto"
    work: Path = Path("/tmp")


def read_settings(environ: Mapping[str, str]) -> Settings:
    """
    Raises:
        SettingsError: A variable is missing; the DaemonSet that aiconform makes sets them all.
    """
    return Settings(
        run=_required(environ, "AICONFORM_RUN"),
        node=_required(environ, "AICONFORM_NODE"),
        address=_required(environ, "AICONFORM_POD_IP"),
        collector=_required(environ, "AICONFORM_COLLECTOR"),
        ca=Path(environ.get("AICONFORM_CA") or "/var/run/aiconform/ca/ca.crt"),
        token=Path(environ.get("AICONFORM_TOKEN") or "/var/run/aiconform/token/token"),
        engine=environ.get("AICONFORM_ENGINE") or "auto",
        work=Path(environ.get("AICONFORM_WORK") or "/tmp"),
    )


def _required(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set. The DaemonSet of the run sets it")
    return value

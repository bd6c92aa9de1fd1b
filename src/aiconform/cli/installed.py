"""What a release of the chart made, read from its manifest (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiconform.model.errors import ConfigError
from aiconform.model.plan import RunConfig


@dataclass(frozen=True)
class Installed:
    """Names of a release's objects, and the configuration that its run has."""

    release: str
    namespace: str  # where the objects are, which may not be the release's own
    config: RunConfig

    @property
    def job(self) -> str:
        return self.release

    @property
    def status(self) -> str:
        return f"{self.release}-status"

    @property
    def pods(self) -> str:
        """Selector of all pods of the release."""
        return f"app.kubernetes.io/name=aiconform,app.kubernetes.io/instance={self.release}"

    @property
    def coordinators(self) -> str:
        return f"{self.pods},aiconform/role=coordinator"

    @property
    def give_up_s(self) -> float:
        """From the coordinator's start: no run that is alive takes longer."""
        limits = self.config.limits
        return limits.run_s + limits.round_s + 120.0


def read_manifest(manifest: str, *, release: str, may_be_scheduled: bool = False) -> Installed:
    """
    Args:
        may_be_scheduled: A schedule will do: nobody means to follow a run of it.

    Raises:
        ConfigError: It is not the manifest of our chart.
    """
    import yaml  # late: only commands that look at a release need it
    from pydantic import ValidationError

    try:
        documents = [d for d in yaml.safe_load_all(manifest) if isinstance(d, Mapping)]
        scheduled = any(document.get("kind") == "CronJob" for document in documents)
        if scheduled and not may_be_scheduled:
            raise _scheduled(release)
        made = _object(documents, "CronJob" if scheduled else "Job", release)
        config = _object(documents, "ConfigMap", f"{release}-config")
        return Installed(
            release=release,
            namespace=str(made["metadata"]["namespace"]),
            config=RunConfig.model_validate_json(config["data"]["run.json"]),
        )
    except (yaml.YAMLError, KeyError, TypeError, ValidationError) as exc:
        raise ConfigError(
            f"release {release} is not one of this version of aiconform ({exc})",
            hint="Give the chart that belongs to this command line (--chart), or another --release",
        ) from exc


def _scheduled(release: str) -> ConfigError:
    return ConfigError(
        f"release {release} runs by a schedule, and has no run of its own to follow",
        hint="See its Jobs with kubectl; docs/how-to-schedule.md says where results are",
    )


def read_config(config_map: Mapping[str, Any], *, release: str, namespace: str) -> Installed:
    """
    From the ConfigMap alone, for a run that was installed without Helm, or by another machine.

    Raises:
        ConfigError: It is not a configuration of this version, or that of a schedule.
    """
    from pydantic import ValidationError

    if "schedule" in (config_map.get("data") or {}):
        raise _scheduled(release)
    try:
        config = RunConfig.model_validate_json(config_map["data"]["run.json"])
    except (KeyError, TypeError, ValidationError) as exc:
        raise ConfigError(
            f"ConfigMap {release}-config in {namespace} is not one of this version ({exc})",
            hint="Use the command line of the version that runs in the cluster",
        ) from exc
    return Installed(release=release, namespace=namespace, config=config)


def _object(documents: list[Mapping[str, Any]], kind: str, name: str) -> Mapping[str, Any]:
    for document in documents:
        if document.get("kind") == kind and document["metadata"]["name"] == name:
            return document
    raise KeyError(f"{kind} {name}")

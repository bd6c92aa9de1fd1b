"""What the chart tells the coordinator: a configuration file and a few environment variables."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from aiconform.model.base import Frozen, Name, Text
from aiconform.model.errors import ConfigError
from aiconform.model.plan import RunConfig


class Environment(Frozen):
    """Where this coordinator runs, and what it is to do."""

    config: RunConfig
    namespace: Name
    pod: Name
    pod_uid: Text
    pod_ip: Text
    job: Name  # also the prefix of every object's name
    # Of a schedule each Job is a run of its own; its UID, and its name is that of the run.
    job_uid: Text = ""
    owner: Literal["Job", "Pod"] = "Job"  # what the agents go with; a pod when another tool made it
    results: Path

    @property
    def run_directory(self) -> Path:
        return self.results / self.config.name

    @property
    def journal(self) -> Path:
        return self.run_directory / "journal.ndjson"

    @property
    def tarball(self) -> Path:
        return self.results / f"{self.config.name}.tar.gz"

    @property
    def released(self) -> Path:
        """`aiconform release` makes this file: the results were fetched, the pod may end."""
        return self.results / ".released"

    @property
    def certificate(self) -> Path:
        """The collector's, while the run goes on: a successor is then known to the agents."""
        return self.results / f".{self.config.name}.collector"

    @property
    def status_config_map(self) -> str:
        return f"{self.job}-status"


def read_environment(environ: Mapping[str, str]) -> Environment:
    """
    Read and check everything before anything is created.

    Raises:
        ConfigError: A variable is missing, or the configuration cannot be acted on.
    """

    def variable(name: str) -> str:
        try:
            return environ[f"AICONFORM_{name}"]
        except KeyError as exc:
            raise ConfigError(
                f"AICONFORM_{name} is not set",
                hint="The chart's Job runs `aiconform coordinate`; people use `aiconform run`",
            ) from exc

    path = Path(variable("CONFIG"))
    try:
        config = RunConfig.model_validate_json(path.read_bytes())
    except OSError as exc:
        raise ConfigError(f"cannot read {path}: {exc.strerror}") from exc
    except ValidationError as exc:
        raise ConfigError(
            f"{path} is not a configuration: {_first_problem(exc)}",
            hint="Compare with `helm show values`, key `run`",
        ) from exc
    job_uid = environ.get("AICONFORM_JOB_UID", "")
    return Environment(
        config=_named(config, variable("JOB_NAME")) if job_uid else config,
        namespace=variable("NAMESPACE"),
        pod=variable("POD"),
        pod_uid=variable("POD_UID"),
        pod_ip=variable("POD_IP"),
        job=variable("JOB"),
        job_uid=job_uid,
        owner="Pod" if environ.get("AICONFORM_OWNER") == "Pod" else "Job",
        results=Path(variable("RESULTS")),
    )


def _named(config: RunConfig, name: str) -> RunConfig:
    """The configuration of a schedule, for one of its runs."""
    try:
        return RunConfig.model_validate(config.model_dump() | {"name": name})
    except ValidationError as exc:
        raise ConfigError(
            f"a run cannot be called after the Job {name}: {_first_problem(exc)}",
            hint="Take a shorter name of small letters, digits and dashes: at most 40",
        ) from exc


def _first_problem(exc: ValidationError) -> str:
    first = exc.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else str(first["msg"])

"""What a run intends: its configuration, what the survey found, and the plan that follows."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from aiconform.model.base import Count, Frozen, FrozenCamel, Name, ReasonCode, Sentence, Text
from aiconform.model.errors import ConfigError
from aiconform.model.fabric import FabricSettings, PlannedTopology
from aiconform.model.reference import (
    MAX_REFERENCES_CHARACTERS,
    SiteReference,
    parse_references,
)
from aiconform.model.waiver import MAX_WAIVERS_CHARACTERS, Waiver, parse_waivers

Positive = Annotated[float, Field(gt=0)]


class Probes(FrozenCamel):
    """Which probes run. All off is allowed: then only the platform itself is looked at."""

    compute: bool = True
    memory: bool = True
    tcp: bool = True

    @property
    def any(self) -> bool:
        return self.compute or self.memory or self.tcp


class Images(FrozenCamel):
    """Images of the pods that the run creates; `agent` holds the zipapp, `engine` runs it."""

    agent: Text = "aiconform/coordinator:latest"
    engine: Text = "aiconform/engine:latest"
    pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    pull_secrets: tuple[Name, ...] = ()


class PodSettings(FrozenCamel):
    """What a site adds to every pod that the run creates, as in a pod's specification."""

    tolerations: tuple[dict[str, Any], ...] = ()
    node_selector: dict[str, str] = {}
    affinity: dict[str, Any] = {}
    resources: dict[str, Any] = {}
    env: tuple[dict[str, Any], ...] = ()
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    priority_class_name: str = ""
    runtime_class_name: str = ""


class Limits(FrozenCamel):
    """How long each part may take, in seconds. What does not fit is ledgered, not waited for."""

    start_s: Positive = 300.0  # from DaemonSet to the agent's first word
    self_s: Positive = 300.0  # a node's own exercises
    round_s: Positive = 60.0  # one round of pair probes
    run_s: Positive = 5400.0
    hold_s: Annotated[float, Field(ge=0)] = 3600.0  # keep the pod for fetching the tarball
    silent_s: Positive = 60.0  # an agent not heard of for so long is lost


class Accelerators(FrozenCamel):
    """Which extended resources and DRA drivers count as accelerators beyond the known vendors'."""

    extra_resources: tuple[Text, ...] = ()
    claim: bool = True  # ask for the free accelerators of a node, so that they can be exercised


# A requirement's id, as the checklists have it.
CheckId = Annotated[str, Field(max_length=64, pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]


class Checks(FrozenCamel):
    """Which requirements of AI conformance are checked, and against which version of them."""

    enabled: Literal["all", "none"] | tuple[CheckId, ...] = "none"
    # Of the checklist, as "1.37"; empty: the cluster's.
    version: Annotated[str, Field(pattern=r"^$|^1\.[0-9]{2,3}$")] = ""
    # At most so many accelerators are held at a time.
    accelerators: Annotated[int, Field(ge=0, le=64)] = 4
    settings: dict[CheckId, dict[str, Any]] = {}

    def selected(self, known: Iterable[str]) -> tuple[str, ...]:
        """
        The ids that are switched on, in the order of `known`.

        Raises:
            ConfigError: An id that there is no check for.
        """
        if isinstance(self.enabled, str):
            return tuple(known) if self.enabled == "all" else ()
        there = tuple(known)
        if unknown := sorted(set(self.enabled) - set(there)):
            raise ConfigError(
                f"there is no check {', '.join(unknown)}",
                hint=f"Set run.checks.enabled to some of: {', '.join(there)}",
            )
        return tuple(check for check in there if check in self.enabled)


class RunConfig(FrozenCamel):
    """Everything that a run is told, from the chart's values (key `run`) in a ConfigMap."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")]
    profile: Literal["quick", "standard", "thorough"] = "standard"
    dry_run: bool = False
    nodes: Annotated[tuple[Name, ...], Field(max_length=20_000)] = ()  # only these; empty: all
    engine: Text = "auto"  # auto, torch, jax, python, or a module found in the engine image
    probes: Probes = Probes()
    images: Images = Images()
    pods: PodSettings = PodSettings()
    limits: Limits = Limits()
    accelerators: Accelerators = Accelerators()
    fabric: FabricSettings = FabricSettings()
    # The site's own figures, as YAML; they win over those that come with a release.
    references: Annotated[str, Field(max_length=MAX_REFERENCES_CHARACTERS)] = ""
    # Known faults that a site accepts for a while, as YAML.
    waivers: Annotated[str, Field(max_length=MAX_WAIVERS_CHARACTERS)] = ""
    checks: Checks = Checks()
    # Namespaces that the chart makes for the checks' objects: Pod Security level restricted, and,
    # for what has to try what that level forbids, baseline.
    work_namespace: Name = "aiconform-work"
    probe_namespace: Name = "aiconform-probe"
    agent_service_account: Name = "aiconform-agent"
    collector_host: Text = "aiconform-collector"  # Service name; its address goes to the agents
    collector_port: Annotated[int, Field(ge=1, le=65535)] = 8443
    fail_on: Literal["fail", "incomplete", "warn", "never"] = "incomplete"

    @field_validator("references", "waivers")
    @classmethod
    def _can_be_read(cls, text: str, info: ValidationInfo) -> str:
        try:
            (parse_waivers if info.field_name == "waivers" else parse_references)(text)
        except ConfigError as exc:
            raise ValueError(str(exc)) from exc
        return text

    @property
    def site_waivers(self) -> tuple[Waiver, ...]:
        return parse_waivers(self.waivers)

    @property
    def site_references(self) -> tuple[SiteReference, ...]:
        return parse_references(self.references)


class Taint(Frozen):
    """A taint as the node has it."""

    key: Text
    value: Text = ""
    effect: Text

    def __str__(self) -> str:
        return (
            f"{self.key}={self.value}:{self.effect}" if self.value else f"{self.key}:{self.effect}"
        )

    @property
    def keeps_pods_away(self) -> bool:
        """Those that do not tolerate it; else it is a preference only."""
        return self.effect in {"NoSchedule", "NoExecute"}

    def is_tolerated_by(self, toleration: Mapping[str, Any]) -> bool:
        """By the rules of the Kubernetes scheduler."""
        key = toleration.get("key")
        if toleration.get("effect") not in {None, "", self.effect}:
            return False
        if toleration.get("operator") == "Exists":
            return key in {None, "", self.key}
        return key == self.key and str(toleration.get("value") or "") == self.value


class NodeFacts(Frozen):
    """One node as the API server shows it at the survey."""

    name: Name
    uid: Text = ""
    ready: bool
    ready_reason: Text = ""
    unschedulable: bool = False
    taints: tuple[Taint, ...] = ()
    labels: dict[str, str] = {}
    architecture: Text = ""
    os_image: Text = ""
    kernel: Text = ""
    kubelet: Text = ""
    runtime: Text = ""
    allocatable: dict[str, str] = {}  # Kubernetes quantities as they are
    # Accelerator resource → free now; None when pods could not be counted.
    accelerators: dict[str, int] = {}
    accelerators_free: dict[str, int] | None = None
    # Its leaf on each rail, as its devices say in ResourceSlices, when that is asked for.
    leaves: tuple[Text, ...] = ()


class Cost(Frozen):
    """What a plan will take, before it is begun."""

    seconds: float
    bytes: Count
    rounds: Count = 0
    pair_tests: Count = 0
    sentence: Sentence = ""


class Excluded(Frozen):
    """A node that the plan leaves out, and why."""

    node: Name
    reason: ReasonCode  # Tainted, NotReady, Cordoned, ControlPlane, Busy, NotSelected
    sentence: Sentence


class Group(Frozen):
    """Like nodes, served by one DaemonSet."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$")]
    nodes: tuple[Name, ...]
    architecture: Text
    resources: dict[str, int] = {}  # extended resources each agent asks for
    tolerations: tuple[dict[str, Any], ...] = ()  # for the usual accelerator taints found


class Plan(Frozen):
    """What will be done; the pure outcome of survey and configuration."""

    groups: tuple[Group, ...]
    excluded: tuple[Excluded, ...] = ()
    exercises: tuple[Name, ...] = ()
    pair_probe: bool = False
    topology: PlannedTopology | None = None  # None: unknown, or no links are tested
    checks: tuple[CheckId, ...] = ()  # requirements that are checked
    cost: Cost

    @property
    def nodes(self) -> tuple[str, ...]:
        return tuple(sorted(node for group in self.groups for node in group.nodes))

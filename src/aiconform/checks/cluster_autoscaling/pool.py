"""What the site says: its consent, the pool under test, and how long to wait (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from aiconform.cluster.trouble import mapping, mappings

Json = dict[str, Any]

STABLE_S = 30.0  # nothing may move for so long before anything is asked for
STABLE_LIMIT_S = 300.0
PENDING_S = 120.0
UP_S = 1200.0
DOWN_S = 1800.0
REFUSE_S = 180.0
LEAST_REFUSE_S = 60.0  # for so long the pool must be stable after the node is gone


@dataclass(frozen=True)
class Pool:
    """
    Attributes:
        selector: Labels of the pool's nodes; a pod asks for the pool by them.
        devices_per_node: How many devices of `resource` a whole node of the pool has.
    """

    selector: Mapping[str, str]
    resource: str
    devices_per_node: int
    tolerations: Sequence[Mapping[str, Any]] = ()

    @property
    def labels(self) -> str:
        """As a label selector."""
        return ",".join(f"{key}={value}" for key, value in self.selector.items())

    def told(self) -> Json:
        return asdict(self)


@dataclass(frozen=True)
class Limits:
    """How long is waited for a node to come and to go, and for one not to come; seconds."""

    up_s: float = UP_S
    down_s: float = DOWN_S
    refuse_s: float = REFUSE_S


def limits_of(settings: Mapping[str, Any]) -> Limits:
    """As the site has them; `pool_of` has found them to be numbers."""
    return Limits(
        up_s=float(settings.get("upS", UP_S)),
        down_s=float(settings.get("downS", DOWN_S)),
        refuse_s=max(LEAST_REFUSE_S, float(settings.get("refuseS", REFUSE_S))),
    )


def consents(settings: Mapping[str, Any]) -> bool:
    """Only the word itself: "yes" or 1 might be a slip, and costs money."""
    return settings.get("consent") is True


def excuse_of(settings: Mapping[str, Any]) -> str:
    """The site's sentence that it has no autoscaler, and why; empty: it says no such thing."""
    told = settings.get("noAutoscaler")
    return told.strip() if isinstance(told, str) else ""


def pool_of(settings: Mapping[str, Any]) -> tuple[Pool | None, str]:
    """The pool, or why what the site says is none."""
    told = settings.get("pool")
    if not isinstance(told, Mapping):
        return None, "no pool is named"
    selector, resource = mapping(told.get("selector")), told.get("resource")
    count = told.get("devicesPerNode")
    if not selector or not all(isinstance(value, str) for value in selector.values()):
        return None, "pool.selector must have labels of the pool's nodes"
    if not isinstance(resource, str) or "/" not in resource:
        return None, "pool.resource must name an extended resource"
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        return None, "pool.devicesPerNode must be a number of devices"
    for key in ("upS", "downS", "refuseS"):
        limit = settings.get(key, 0)
        if not isinstance(limit, int | float) or isinstance(limit, bool):
            return None, f"{key} must be a number of seconds"
    tolerations = tuple(mappings(told.get("tolerations")))
    return Pool(dict(selector), resource, count, tolerations), ""


def untolerated(taints: Sequence[Mapping[str, Any]], pool: Pool) -> list[str]:
    """Keys of taints that keep a pod of the pool away from its nodes."""
    return sorted(
        {
            str(taint.get("key"))
            for taint in taints
            if taint.get("effect") in {"NoSchedule", "NoExecute"}
            and taint.get("key") != pool.resource  # tolerated by whoever asks for the resource
            and not any(_tolerates(each, taint) for each in pool.tolerations)
        }
    )


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    key, effect = toleration.get("key"), toleration.get("effect")
    if effect and effect != taint.get("effect"):
        return False
    if toleration.get("operator") == "Exists":
        return not key or key == taint.get("key")
    same = str(toleration.get("value") or "") == str(taint.get("value") or "")
    return key == taint.get("key") and same

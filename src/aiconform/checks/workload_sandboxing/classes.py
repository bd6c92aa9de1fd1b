"""Which RuntimeClasses promise a sandbox, and on which nodes they are tried (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiconform.cluster.trouble import mapping, mappings
from aiconform.model.plan import NodeFacts

Json = Mapping[str, Any]

# Source: spec of the requirement checks, section 15.
WORDS = (
    "gvisor", "runsc", "kata", "sandboxed", "quark", "krun", "firecracker", "confidential",
)  # fmt: skip
MOST_CLASSES = 3
MOST_NODES = 2  # of each class


@dataclass(frozen=True)
class Site:
    """
    One RuntimeClass on one node.

    Attributes:
        claimed: Its name or its handler promises a sandbox, or the site's settings name it.
        tolerations: The class's own.
    """

    runtime_class: str
    handler: str
    node: str
    claimed: bool
    tolerations: tuple[Json, ...] = ()

    def facts(self) -> dict[str, Any]:
        return {
            "class": self.runtime_class, "handler": self.handler, "node": self.node,
            "claimed": self.claimed,
        }  # fmt: skip


def named(settings: Json) -> tuple[str, ...]:
    """The classes of the site's settings: `runtimeClass`, one name or several."""
    told = settings.get("runtimeClass") or ()
    return (told,) if isinstance(told, str) else tuple(map(str, told))


def promises(runtime_class: Json) -> bool:
    words = f"{runtime_class['metadata']['name']} {runtime_class.get('handler', '')}".lower()
    return any(word in words for word in WORDS)


def choose(
    classes: Sequence[Json], nodes: Iterable[NodeFacts], settings: Json
) -> tuple[list[Site], list[str]]:
    """
    The classes that promise a sandbox; else any, since a handler's name proves nothing either way.

    Returns:
        Sites, and the classes of which there are none, with why.
    """
    wanted = named(settings)
    by_name = {str(c["metadata"]["name"]): c for c in classes}
    claimed = [c for n, c in sorted(by_name.items()) if (n in wanted if wanted else promises(c))]
    tried = claimed or ([] if wanted else [by_name[name] for name in sorted(by_name)])
    missing = [f"{name}: there is no such RuntimeClass" for name in wanted if name not in by_name]
    sites: list[Site] = []
    left_out: list[str] = [f"{_name(c)}: no time for more" for c in tried[MOST_CLASSES:]]
    for each in tried[:MOST_CLASSES]:
        fitting = [node.name for node in nodes if _fits(each, node)][:MOST_NODES]
        if not fitting:
            left_out.append(f"{_name(each)}: no Ready node that its scheduling allows")
        sites += [
            Site(_name(each), str(each.get("handler", "")), node, bool(claimed), _tolerations(each))
            for node in fitting
        ]
    return sites, missing + left_out


def _fits(runtime_class: Json, node: NodeFacts) -> bool:
    scheduling = mapping(runtime_class.get("scheduling"))
    if not node.ready or node.unschedulable:
        return False
    selector = mapping(scheduling.get("nodeSelector"))
    if any(node.labels.get(key) != value for key, value in selector.items()):
        return False
    return all(
        not taint.keeps_pods_away
        or any(taint.is_tolerated_by(each) for each in _tolerations(runtime_class))
        for taint in node.taints
    )


def _tolerations(runtime_class: Json) -> tuple[Json, ...]:
    return tuple(mappings(mapping(runtime_class.get("scheduling")).get("tolerations")))


def _name(found: Json) -> str:
    return str(found["metadata"]["name"])

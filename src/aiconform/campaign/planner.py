"""
What will be done, from what the survey found: which nodes, in which groups, at what cost.

Pure: the same configuration and survey always give the same plan.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from aiconform import catalogue, fabric
from aiconform.campaign.exercises import exercise_orders as exercise_orders
from aiconform.campaign.exercises import expected_alone_s
from aiconform.campaign.network import network_topology
from aiconform.checks.framework.check import Check
from aiconform.fabric.sources import topology_of
from aiconform.model.plan import Cost, Excluded, Group, NodeFacts, Plan, RunConfig, Taint
from aiconform.model.records import Surveyed

CONTROL_PLANE_LABELS = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
START_S = 15.0  # from DaemonSet to the first word of an agent whose image is there
PAIR_SECONDS = {"quick": 1.0, "standard": 2.0, "thorough": 4.0}  # per direction
PAIR_PINGS = {"quick": 500, "standard": 2000, "thorough": 5000}
# For the forecast of bytes only: what a pair of 25 Gb/s ports can move. Faster ports move more.
ASSUMED_GBIT_PER_S = 25.0


def plan_run(
    config: RunConfig, surveyed: Surveyed, *, checks: Mapping[str, Check] | None = None
) -> Plan:
    """
    Turn a survey into a plan; every node is either in a group or excluded with its reason.

    Args:
        checks: The checks that there are.

    Raises:
        ConfigError: The configuration asks for a check that there is not.
    """
    known = checks or {}
    selected = config.checks.selected(known)
    plan = _probes(config, surveyed)
    if not selected:
        return plan
    minutes = sum(known[check].time_box_s for check in selected) / 60
    told = f"{len(selected)} requirements, at most {minutes:.0f} min"
    cost = plan.cost.model_copy(update={"sentence": f"{plan.cost.sentence}; {told}"})
    return plan.model_copy(update={"checks": selected, "cost": cost})


def _probes(config: RunConfig, surveyed: Surveyed) -> Plan:
    exercises = tuple(order.exercise for order in exercise_orders(config))
    if not config.probes.any:
        return Plan(groups=(), cost=Cost(seconds=0, bytes=0, sentence="no probe is switched on"))
    excluded = [
        reason for node in surveyed.nodes if (reason := _why_excluded(node, config)) is not None
    ]
    excluded += _gone(config, surveyed)
    left_out = {entry.node for entry in excluded}
    groups = _groups((n for n in surveyed.nodes if n.name not in left_out), config)
    planned = {node for group in groups for node in group.nodes}
    node_count = len(planned)
    topology = network_topology(config, [node for node in surveyed.nodes if node.name in planned])
    return Plan(
        groups=groups,
        excluded=tuple(excluded),
        exercises=exercises,
        pair_probe=config.probes.tcp and node_count > 1,
        topology=topology,
        cost=_cost(
            config,
            node_count,
            accelerated=any(group.resources for group in groups),
            topology=topology_of(topology),
        ),
    )


def _gone(config: RunConfig, surveyed: Surveyed) -> list[Excluded]:
    """Nodes that were asked for by name and that the cluster does not have."""
    there = {node.name for node in surveyed.nodes}
    return [
        Excluded(
            node=name, reason="NodeGone", sentence="run.nodes asks for it, and it is not there"
        )
        for name in dict.fromkeys(config.nodes)
        if name not in there
    ]


def _known(topology: fabric.Topology | None) -> str:
    if topology is None:
        return ", switches unknown"
    if topology.torus is not None:
        return f", a torus known from {topology.source}"
    return f", {len(topology.units)} groups of switches known from {topology.source}"


def _why_excluded(node: NodeFacts, config: RunConfig) -> Excluded | None:
    def because(reason: str, sentence: str) -> Excluded:
        return Excluded(node=node.name, reason=reason, sentence=sentence)

    if _is_control_plane(node):
        return because("ControlPlane", "a control plane node is left alone")
    if missing := {
        f"{key}={value}"
        for key, value in config.pods.node_selector.items()
        if node.labels.get(key) != value
    }:
        return because(
            "NotSelected",
            f"it lacks {', '.join(sorted(missing))}, which pods.nodeSelector asks for",
        )
    if config.nodes and node.name not in config.nodes:
        return because("NotSelected", "it is not among run.nodes")
    if not node.ready:
        return because(
            "NotReady", f"the node is not Ready: {node.ready_reason or 'no reason given'}"
        )
    if node.unschedulable:
        return because("Cordoned", "the node is cordoned (spec.unschedulable)")
    if taint := _hindering_taint(node, config):
        return because(
            "Tainted",
            f"its taint {taint} is not tolerated; add a toleration to pods.tolerations to test it",
        )
    if config.accelerators.claim and node.accelerators and node.accelerators_free is None:
        return because(
            "CannotCount",
            "which of its accelerators are free is not known, since pods may not be listed; "
            "set rbac.countForeignPods=true, or run.accelerators.claim=false to leave them alone",
        )
    if busy := _busy_resource(node, config):
        return because("Busy", f"all its {node.accelerators[busy]} {busy} are in use by other pods")
    return None


def _is_control_plane(node: NodeFacts) -> bool:
    return any(
        label in node.labels or any(taint.key == label for taint in node.taints)
        for label in CONTROL_PLANE_LABELS
    )


def _hindering_taint(node: NodeFacts, config: RunConfig) -> Taint | None:
    return next(
        (
            taint
            for taint in node.taints
            if taint.keeps_pods_away
            # The DaemonSet controller tolerates these; NotReady and Cordoned tell of them.
            and not taint.key.startswith("node.kubernetes.io/")
            and not catalogue.is_accelerator_taint(taint.key, node.accelerators)
            and not any(taint.is_tolerated_by(each) for each in config.pods.tolerations)
        ),
        None,
    )


def _busy_resource(node: NodeFacts, config: RunConfig) -> str | None:
    if not config.accelerators.claim or node.accelerators_free is None:
        return None
    free = node.accelerators_free
    owned = {name: count for name, count in node.accelerators.items() if count}
    if owned and all(free.get(name, 0) == 0 for name in owned):
        return next(iter(owned))
    return None


def _groups(nodes: Iterable[NodeFacts], config: RunConfig) -> tuple[Group, ...]:
    members: dict[tuple[str, tuple[tuple[str, int], ...]], list[NodeFacts]] = defaultdict(list)
    for node in nodes:
        members[node.architecture, tuple(sorted(_claimed(node, config).items()))].append(node)
    return tuple(
        Group(
            name=_group_name(number, architecture, dict(resources)),
            nodes=tuple(sorted(node.name for node in alike)),
            architecture=architecture,
            resources=dict(resources),
            tolerations=_tolerations(alike),
        )
        for number, ((architecture, resources), alike) in enumerate(sorted(members.items()))
    )


def _claimed(node: NodeFacts, config: RunConfig) -> dict[str, int]:
    """What an agent asks for: the free accelerators, and no others."""
    if not config.accelerators.claim or node.accelerators_free is None:
        return {}
    free = node.accelerators_free
    return {name: free.get(name, 0) for name in node.accelerators if free.get(name, 0)}


def _group_name(number: int, architecture: str, resources: Mapping[str, int]) -> str:
    kind = "-".join(f"{name.rpartition('/')[2]}-{count}" for name, count in resources.items())
    slug = re.sub(r"[^a-z0-9]+", "-", f"{kind or 'cpu'}-{architecture}".lower()).strip("-")
    return f"{slug[:30].strip('-')}-{number}"


def _tolerations(nodes: Iterable[NodeFacts]) -> tuple[dict[str, Any], ...]:
    """Tolerations for the accelerator taints that these nodes carry, and for no others."""
    found = {
        (taint.key, taint.effect)
        for node in nodes
        for taint in node.taints
        if catalogue.is_accelerator_taint(taint.key, node.accelerators)
    }
    return tuple(
        {"key": key, "operator": "Exists", "effect": effect} for key, effect in sorted(found)
    )


def _cost(
    config: RunConfig, node_count: int, *, accelerated: bool, topology: fabric.Topology | None
) -> Cost:
    """Seconds and bytes, before the start; what images weigh is not in it."""
    if not node_count:
        return Cost(seconds=0, bytes=0, sentence="no node can be tested")
    alone_s = START_S + expected_alone_s(config, accelerated=accelerated)
    if not config.probes.tcp or node_count < 2:
        return Cost(
            seconds=alone_s, bytes=0, sentence=f"{node_count} nodes, each on its own, all at once"
        )
    pairs = fabric.expected_cost(
        node_count,
        profile=config.profile,
        seconds_per_direction=PAIR_SECONDS[config.profile],
        rate_gbit_per_s=ASSUMED_GBIT_PER_S,
        topology=topology,
    )
    return Cost(
        seconds=alone_s + pairs.seconds,
        bytes=pairs.bytes,
        rounds=pairs.rounds,
        pair_tests=pairs.pair_tests,
        sentence=(
            f"{node_count} nodes; {pairs.pair_tests} pair tests in {pairs.rounds} rounds"
            f"{_known(topology) if node_count > fabric.SMALL else ''}; "
            f"bytes as if every link did {ASSUMED_GBIT_PER_S:g} Gb/s"
        ),
    )

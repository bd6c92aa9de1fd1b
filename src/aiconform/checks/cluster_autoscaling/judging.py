"""The verdict: a node came because of our pod, went with it, and none came in vain (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from aiconform.checks.cluster_autoscaling import words
from aiconform.checks.cluster_autoscaling.look import MEASUREMENTS
from aiconform.checks.cluster_autoscaling.trial import EVENTS, NODES
from aiconform.checks.framework import (
    Answer,
    Conclusion,
    Sightings,
    conclude,
    failed,
    passed,
    rule,
    settled,
    skipped,
    unknown,
    warned,
)
from aiconform.model.outcome import Outcome

Facts = Mapping[str, Any]
FILES = (NODES, EVENTS, MEASUREMENTS, "objects/trigger.yaml", "objects/node.yaml")
_GENERIC = "generic"


def evaluate(seen: Sightings) -> Conclusion:
    discovery = rule(seen, "discovery", _discovery)
    if discovery.outcome is not Outcome.PASS:
        return settled(discovery.answer, (discovery,))
    pending = rule(seen, "pending", lambda facts: _pending(facts, seen.facts("discovery")))
    added = rule(seen, "added", _added)
    rulings = [
        discovery,
        rule(seen, "baseline", _baseline),
        rule(seen, "occupied", _occupied),
        pending,
        added,
        rule(seen, "removed", _removed).controlled_by(added),
        rule(seen, "refused", _refused).controlled_by(added),
        replace(rule(seen, "refused", _stable), step="stable"),
    ]
    if seen.get("withdrawn") is not None:
        rulings.append(rule(seen, "withdrawn", _withdrawn, mandatory=False))
    rulings.append(rule(seen, "time", _time, mandatory=False))
    return conclude(
        rulings,
        passed="a pod for a whole node brought one, its end took it away, and a pod that fits "
        "none brought none",
        evidence=FILES,
        notes=_notes(seen.facts("time")),
    )


def _notes(time: Facts) -> list[str]:
    if not time:
        return []
    told = [
        f"of {time['total_s']:.0f} s, {time['platform_s']:.0f} s were waiting for the platform; "
        f"nodes were added for {time['node_minutes']:.1f} minutes in all"
    ]
    if time["left"]:
        told.append(f"nodes that were added and may still cost money: {', '.join(time['left'])}")
    return told


def _discovery(facts: Facts) -> Answer:
    found, excuse = facts["found"], facts["no_autoscaler"]
    if excuse and (found or facts["pool_named"]):
        there = "; ".join(found) or "a pool is named"
        told = f"the site says that there is no autoscaler ({excuse}), but {there}"
        return unknown("AutoscalerFound", told)
    if excuse:
        return skipped("NoAutoscaler", excuse)
    if not found and not facts["pool_named"]:
        return unknown(
            "NoAutoscalerFound",
            "neither Karpenter nor the Cluster Autoscaler was found. If there is none, say why "
            "(noAutoscaler); if it is out of sight, name a pool that it scales (pool)",
        )
    if not facts["consent"]:
        told = "adding nodes costs money, and the site has not agreed to it (consent: true)"
        return unknown("NoConsent", told)
    if facts["pool"] is None:
        return unknown("NoPool", f"which pool to try is not known: {facts['pool_problem']}")
    if facts["pool_missing"]:
        told = f"there is no NodePool {facts['pool_missing']}, but {', '.join(facts['node_pools'])}"
        return unknown("NoPool", told)
    if facts["untolerated"]:
        return _kept_away(facts["untolerated"])
    return passed("; ".join(found) or "the site names a pool that is scaled")


def _kept_away(taints: Sequence[str]) -> Answer:
    told = f"the pool has taints that pool.tolerations does not name: {', '.join(taints)}"
    return unknown("PoolTainted", told)


def _baseline(facts: Facts) -> Answer:
    if not facts["stable"]:
        told = f"the pool's nodes came and went for {facts['limit_s']:.0f} s by themselves"
        return unknown("PoolUnstable", told)
    if facts["differing"]:
        told = ", ".join(f"{n['name']} has {n['allocatable']}" for n in facts["differing"])
        return unknown("PoolDiffers", f"devicesPerNode is {facts['devices']}, but {told}")
    if facts["untolerated"]:
        return _kept_away(facts["untolerated"])
    return passed(f"{facts['ready']} of {facts['node_count']} nodes of the pool are Ready")


def _occupied(facts: Facts) -> Answer:
    if facts["idle"]:
        return passed(f"wholly free nodes were taken: {', '.join(facts['idle'])}")
    return passed("no node of the pool is wholly free")


def _pending(facts: Facts, discovery: Facts) -> Answer:
    if facts["bound"]:
        told = f"the pod was placed on {facts['bound']} at once: somebody else has left it"
        return unknown("CapacityMoved", told)
    if facts["message"] is None:
        told = f"the scheduler said nothing of the pod within {facts['limit_s']:.0f} s"
        return unknown("SchedulerSilent", told)
    resource = discovery["pool"]["resource"]
    if facts["baseline"] and resource not in facts["message"]:
        told = f"the pod waits for something other than {resource}: {facts['message']}"
        return unknown("WaitsForOther", told)
    return passed(f"no node that is there can take the pod: {facts['message']}")


def _added(facts: Facts) -> Answer:
    node = facts["node"]
    if node is None:
        return _not_added(facts)
    if node["known"] or node["created"] < facts["trigger"]["created"]:
        told = f"the pod went to {node['name']}, which was there, or coming, before it"
        return unknown("CapacityMoved", told)
    if not node["in_pool"]:
        return failed("WrongPool", f"the pod went to {node['name']}, which is not of the pool")
    if not node["ready"] or node["allocatable"] < facts["devices"]:
        told = (
            f"{node['name']} is {'' if node['ready'] else 'not '}Ready, with {node['allocatable']}"
        )
        return failed("WrongType", f"{told} of {facts['devices']} devices")
    if not facts["running"]:
        return failed("NotRunning", f"the pod has {node['name']} and did not get ready on it")
    return _attributed(facts, node)


def _attributed(facts: Facts, node: Facts) -> Answer:
    """Was it our pod that the node came for?"""
    called, adapter = words.called(facts["events"]), facts["adapter"]
    came = f"{node['name']} came for the pod within {facts['took_s']:.0f} s"
    if not called:
        told = f"{came}, but no event of the autoscaler says that it came because of it"
        return (warned if adapter == _GENERIC else unknown)("NotAttributed", told)
    if adapter == "karpenter":
        claim = next((c for c in facts["claims"] if c["node"] == node["name"]), None)
        if claim is None:
            return unknown("NotAttributed", f"{came}, but no NodeClaim of the pool became it")
        if datetime.fromisoformat(claim["created"]).timestamp() < facts["trigger"]["created"]:
            told = f"the NodeClaim {claim['name']} was there before the pod: it came for another"
            return unknown("CapacityMoved", told)
    return passed(f"{came}: {called[0]}")


def _not_added(facts: Facts) -> Answer:
    events, limit = facts["events"], f"within {facts['limit_s']:.0f} s"
    no = words.refused(events)
    texts = [*no, *facts["elsewhere"], *(t for c in facts["claims"] for t in c["trouble"])]
    if cloud := words.of_cloud(texts):
        return unknown("CloudCapacity", f"the cloud has no more to give: {cloud}")
    if claims := words.of_claims(texts):
        return unknown("DRAUnsupportedByAutoscaler", claims)
    wrong = [n for n in facts["new_nodes"] if n["ready"] and n["allocatable"] < facts["devices"]]
    if wrong:
        told = ", ".join(f"{n['name']} with {n['allocatable']}" for n in wrong)
        wanted = f"{limit}: the pod needs a node with {facts['devices']} devices"
        return failed("WrongType", f"{told} was added {wanted}")
    if facts["new_nodes"]:
        told = ", ".join(f"{n['name']} ({_state(n)})" for n in facts["new_nodes"])
        return failed("NotUsable", f"{told} was added, and the pod could not run on it {limit}")
    said = f"the autoscaler says: {texts[0]}" if texts else "the autoscaler has said nothing"
    return failed("NotAdded", f"no node came for the pod {limit}; {said}")


def _state(node: Facts) -> str:
    return f"{'' if node['ready'] else 'not '}Ready, {node['allocatable']} devices"


def _removed(facts: Facts) -> Answer:
    if not facts["there"]:
        told = f"{facts['node']} was removed while the pod was on it"
        return failed("RemovedInUse", told)
    if not facts["gone"]:
        told = f"{facts['node']} is still there {facts['limit_s']:.0f} s after the pod"
        if facts["foreign"]:
            spaces = ", ".join(sorted(set(facts["foreign"])))
            return warned("NodeInUse", f"{told}: pods of others are on it ({spaces})")
        return failed("NotRemoved", told)
    return passed(f"{facts['node']} was gone {facts['took_s']:.0f} s after the pod")


def _refused(facts: Facts) -> Answer:
    window = f"within {facts['window_s']:.0f} s"
    what = f"a pod for {facts['devices']} devices"
    fitting = [n["name"] for n in facts["new_nodes"] if n["allocatable"] >= facts["devices"]]
    if facts["bound"] or fitting:
        told = f"{what} was helped by {facts['bound'] or fitting[0]}: nodes of the pool have more"
        return unknown("PoolDiffers", f"{told} than devicesPerNode")
    said = words.refused(facts["events"])
    if facts["new_nodes"]:
        names = ", ".join(n["name"] for n in facts["new_nodes"])
        if words.called(facts["events"]):
            told = f"{names} came for {what}, which it can never take"
            return failed("AddedInVain", told)
        return unknown("PoolMoved", f"{names} came {window}, and not because of {what}")
    if not said:
        told = f"no node came for {what} {window}, but nothing says that it was considered"
        generic = facts["adapter"] == _GENERIC
        return (warned if generic else unknown)("NotConsidered", told)
    return passed(f"no node came for {what} {window}: {said[0]}")


def _stable(facts: Facts) -> Answer:
    """Once the node is gone, the pool is as it was."""
    least, most = facts["ready_counts"]
    told = f"{least} to {most} nodes of the pool were Ready for {facts['window_s']:.0f} s after it"
    if (least, most) == (facts["baseline"], facts["baseline"]):
        return passed(told)
    return unknown("PoolUnstable", f"{told}, and {facts['baseline']} before it")


def _withdrawn(facts: Facts) -> Answer:
    if facts["left"]:
        told = f"still there after the pod's end: {', '.join(facts['left'])}"
        return failed("NotRemoved", told)
    return passed("no node that came is left")


def _time(facts: Facts) -> Answer:
    return passed(
        f"{facts['platform_s']:.0f} of {facts['total_s']:.0f} s were waiting for the platform, "
        f"{facts['windows_s']:.0f} s were windows in which nothing may happen"
    )

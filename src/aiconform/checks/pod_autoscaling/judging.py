"""The verdict: what was set is told, and the replicas follow it up and down (pure)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from aiconform.checks.framework import (
    Answer,
    Conclusion,
    Ruling,
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
from aiconform.checks.pod_autoscaling.rows import (
    both_running,
    fell,
    holds,
    settles,
    shared,
    silence,
    waited,
)
from aiconform.model.outcome import Outcome

Facts = Mapping[str, Any]

_STEPS = ("p1", "p0", "q1", "p2", "q3", "p3", "q2")
_CLAIMS = frozenset({Outcome.PASS, Outcome.WARN})


def evaluate(seen: Sightings) -> Conclusion:
    discovery = rule(seen, "discovery", _discovery)
    if discovery.outcome is not Outcome.PASS:
        return settled(discovery.answer, (discovery,))
    devices = rule(seen, "devices", _devices)
    if devices.outcome is not Outcome.PASS:
        return settled(devices.answer, (discovery, devices))
    return conclude(
        (
            discovery,
            devices,
            rule(seen, "objects", _objects),
            rule(seen, "watch", _watched),
            rule(seen, "p1", _visible),
            rule(seen, "p0", _steady_at(1)),
            rule(seen, "q1", _steady_at(1)),
            rule(seen, "p2", _up),
            rule(seen, "q3", _never_too_far),
            rule(seen, "p3", _down),
            _secondary(rule(seen, "q2", _without_metric)),
            *_relevance(seen),
        ),
        passed="replicas with accelerators followed the workload's metric up and down, no further",
        evidence=("hpa.csv", "objects/deployment.yaml", "objects/hpa.yaml"),
        notes=_notes(seen),
    )


def _discovery(facts: Facts) -> Answer:
    if facts["off"]:
        return skipped("NoHPA", "the site says that the HorizontalPodAutoscaler is switched off")
    if not facts["hpa_served"]:
        return failed("NotProvided", "autoscaling/v2 has no horizontalpodautoscalers")
    if facts["way"]:
        return passed(f"metrics reach the autoscaler by {facts['way']}")
    down = [f"{a['version']}.{a['group']}: {a['told']}" for a in facts["apis"]
            if not a["available"]]  # fmt: skip
    asked = f" (adapter {facts['asked']} is asked for)" if facts["asked"] else ""
    if down:
        return failed("MetricsApiDown", f"no metrics API can be used{asked}; {'; '.join(down)}")
    if facts["apis"]:
        told = f"external.metrics.k8s.io is served{asked}: say which metric it has (external)"
        return unknown("NoMetricNamed", told)
    return failed(
        "NotProvided",
        f"neither custom.metrics.k8s.io nor external.metrics.k8s.io is served{asked};"
        " scaling by processor use alone does not count",
    )


def _devices(facts: Facts) -> Answer:
    free, needed = facts["free"], facts["needed"]
    if min(free, facts["budget"]) >= needed:
        return passed(f"{free} of {facts['there']} accelerators are free, and {needed} are needed")
    if facts["not_permitted"]:
        return unknown("CannotCount", f"free accelerators: {'; '.join(facts['not_permitted'])}")
    if facts["there"] == 0 and free == 0:
        return unknown("NoAccelerator", "there are no accelerators to be scaled on")
    if facts["budget"] < needed:
        return unknown("Budget", f"only {facts['budget']} accelerators may be held, not {needed}")
    told = f"{free} accelerators of one kind are free, and {needed} are needed"
    return unknown("NoCapacity", f"{told}; there are {facts['there']}")


def _objects(facts: Facts) -> Answer:
    if facts.get("source_ready") is False or not facts["ready"]:
        return unknown("AppNotReady", "a pod of ours was not ready in time, so nothing was scaled")
    if not facts["autoscaler"]:
        return failed("KedaSilent", "HPA: KEDA made no autoscaler of our ScaledObject")
    return passed(f"a Deployment of one replica, scaled by {facts['autoscaler']}")


def _watched(facts: Facts) -> Answer:
    states = facts["states"]
    if not states:
        return unknown("NotWatched", "no change of the autoscaler was seen")
    told = ", ".join(f"{desired}" for _, desired in states if desired is not None)
    return passed(f"replicas desired, in the order of the watch: {told}")


def _visible(facts: Facts) -> Answer:
    rows, value = facts["rows"], facts["set"]
    if rows and rows[-1]["seen"] == value:
        return passed(f"the metrics API told {value:g} after {waited(rows):.0f} s")
    return silence(rows, value, limit_s=facts["rows_limit_s"])


def _steady_at(replicas: int) -> Callable[[Facts], Answer]:
    def judge(facts: Facts) -> Answer:
        if trouble := settles(facts):
            return trouble
        wrong = holds(facts, replicas)
        if wrong:
            return failed("ReplicasMoved", f"HPA: with the value at {facts['set']:g} {wrong}")
        return passed(f"{replicas} replica for {facts['hold_s']:.0f} s at {facts['set']:g}")

    return judge


def _up(facts: Facts) -> Answer:
    rows = facts["rows"]
    took = next((row["t_s"] - rows[0]["t_s"] for row in rows if row["desired"] == 2), None)
    if took is None or not _was_told(facts):
        return _not_followed(facts, "NoScaleUp", "more replicas")
    starting = facts["starting"]
    if not both_running(facts["pods"]) or starting[-1]["ready"] != 2:
        waiting = "; ".join(pod["unscheduled"] for pod in facts["pods"] if pod["unscheduled"])
        if waiting:
            return unknown("NoCapacity", f"WORKLOAD: the second pod has no node: {waiting}")
        told = f"WORKLOAD: two replicas are desired, {starting[-1]['ready']} are ready"
        return failed("ReplicaNotRunning", f"{told} after {waited(starting):.0f} s")
    if starting[-1]["active"] != "True":
        return failed("HpaBlind", f"HPA: two pods run, and it says {starting[-1]['why']}")
    if shared(facts["pods"]):
        return warned("SharedDevice", "both replicas opened the same device files of one node")
    return passed(f"two replicas were desired after {took:.0f} s, each with one {facts['device']}")


def _never_too_far(facts: Facts) -> Answer:
    if trouble := settles(facts):
        return trouble
    rows = facts["held"]
    most = max((row[key] or 0 for row in rows for key in ("desired", "current", "pods")), default=0)
    most = max(most, *(n or 0 for pair in facts["told"] for n in pair), 0)
    if most > 2:
        return failed("AboveMax", f"HPA: {most} replicas, and two are the most that it may have")
    if wrong := holds(facts, 2):
        return failed("ReplicasMoved", f"HPA: with the value at {facts['set']:g} {wrong}")
    return passed(f"two replicas for {facts['hold_s']:.0f} s at {facts['set']:g}")


def _down(facts: Facts) -> Answer:
    rows = facts["rows"]
    if not _was_told(facts) or not any(row["desired"] == 1 for row in rows):
        return _not_followed(facts, "NoScaleDown", "fewer replicas")
    if not fell(rows[-1]):
        told = f"WORKLOAD: one replica is desired, and there are {rows[-1]['pods']} pods"
        return failed("ReplicaStays", f"{told} after {waited(rows):.0f} s")
    if wrong := holds(facts, 1):
        return failed("ReplicasMoved", f"HPA: with the value at {facts['set']:g} {wrong}")
    if facts["claims"] is not None and facts["claims"] > 1:
        return failed("DeviceNotReleased", f"one pod is left, and {facts['claims']} claims are")
    took = f"after {waited(rows):.0f} s there was one replica and one device in use"
    return passed(f"{took}, and it stayed so")


def _not_followed(facts: Facts, reason: str, wanted: str) -> Answer:
    """The value changed and the number of replicas did not: whose fault is it?"""
    rows, value = facts["rows"], facts["set"]
    if not _was_told(facts):
        return silence(rows, value, limit_s=facts["rows_limit_s"])
    if rows[-1]["active"] != "True":
        return failed("HpaBlind", f"HPA: {value:g} is told, it says {rows[-1]['why']}")
    limit = f"within {facts['rows_limit_s']:.0f} s"
    return failed(reason, f"HPA: the value is {value:g}, and no {wanted} were desired {limit}")


def _was_told(facts: Facts) -> bool:
    return any(row["seen"] == facts["set"] for row in facts["rows"])


def _without_metric(facts: Facts) -> Answer:
    rows = facts["rows"]
    if facts.get("replaced") is False:
        return warned("NotExercised", "no pod without the metric came up, so it was not tried")
    if rows[-1]["active"] != "False":
        told = f"the metric's source is gone for {waited(rows):.0f} s, and the autoscaler goes on"
        return warned("StaleMetric", f"{told} with {rows[-1]['seen']}")
    if wrong := holds(facts, 1, active="False"):
        return warned("ScaledOnMissing", f"without a metric {wrong}")
    return passed(f"without a metric it stays as it is: {rows[-1]['why']}")


def _secondary(ruling: Ruling) -> Ruling:
    """Not being able to take the metric away says less of the platform than what was seen of it."""
    if ruling.sighting is None or ruling.outcome in _CLAIMS:
        return ruling
    return replace(ruling, answer=warned("NotExercised", ruling.answer.sentence))


def _relevance(seen: Sightings) -> tuple[Ruling, ...]:
    if seen.get("relevance") is None:
        return ()
    return (rule(seen, "relevance", _accelerator_metric, mandatory=False),)


def _accelerator_metric(facts: Facts) -> Answer:
    if not facts["names"]:
        return skipped("NoneServed", "no metric of the accelerators themselves is told of pods")
    names = ", ".join(facts["names"])
    if facts["accepted"]:
        return passed(f"an autoscaler on {facts['names'][0]} is accepted (told of pods: {names})")
    return warned("DryRunRefused", f"an autoscaler on {facts['names'][0]}: {facts['told']}")


def _notes(seen: Sightings) -> Sequence[str]:
    """How much of the time is the platform's: looks of the autoscaler, windows, and rules."""
    found = [sighting for name in _STEPS if (sighting := seen.get(name)) is not None]
    if not found:
        return ()
    whole = sum(each.ended - each.began for each in found)
    held = sum(waited(each.facts.get("held") or ()) for each in found)
    keys = ("rows", "settle", "starting")
    platform = sum(waited(each.facts.get(key) or ()) for each in found for key in keys)
    return (
        f"Of {whole:.0f} s in the steps {held:.0f} s were looking whether replicas stay, and"
        f" {platform:.0f} s waiting for the platform (its pipeline, the autoscaler's period and"
        " window, starting of pods).",
    )

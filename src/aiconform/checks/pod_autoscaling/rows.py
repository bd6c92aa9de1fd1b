"""What rows of looks say (pure); their columns are those of `samples`."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiconform.checks.framework import Answer, failed

Facts = Mapping[str, Any]
Rows = Sequence[Mapping[str, Any]]


def waited(rows: Rows) -> float:
    """Seconds from the first look to the last."""
    return float(rows[-1]["t_s"] - rows[0]["t_s"]) if rows else 0.0


def silence(rows: Rows, value: float, *, limit_s: float) -> Answer:
    """Why a value that was set is not there: nothing is told, or something else."""
    told = [row["seen"] for row in rows if row["seen"] is not None]
    within = f"within {limit_s:.0f} s"
    if not told:
        why = rows[-1]["why"] if rows else "nobody looked"
        return failed("PipelineSilent", f"PIPELINE: {value:g} is set, none told {within}: {why}")
    return failed("PipelineStuck", f"PIPELINE: {value:g} is set, and {told[-1]:g} is told {within}")


def settles(facts: Facts) -> Answer | None:
    """
    Is the autoscaler's reckoning what was set? The control of every step that wants no change.
    """
    rows, value = facts["settle"], facts["set"]
    last = rows[-1]
    average = value / facts["replicas"]
    if last["seen"] != value:
        return silence(rows, value, limit_s=facts["settle_limit_s"])
    if last["active"] == "True" and last["average"] == average:
        return None
    told = f"HPA: the metrics API tells {value:g}, and the autoscaler reckons with"
    why = last["why"] or "no word on why"
    return failed("HpaBlind", f"{told} {last['average']} for each pod, not {average:g} ({why})")


def holds(facts: Facts, replicas: int, *, active: str = "True") -> str | None:
    """What moved while nothing should; None: nothing, for as long as it had to be."""
    rows = facts.get("held") or ()
    if not rows or waited(rows) < facts["hold_s"]:
        return f"it was looked at for {waited(rows):.0f} s only"
    for row in rows:
        for key in ("desired", "pods"):
            if row[key] != replicas:
                return f"at {row['t_s']:.0f} s {key} was {row[key]}, not {replicas}"
        if row["active"] != active:
            return f"at {row['t_s']:.0f} s ScalingActive was {row['active']}: {row['why']}"
    moved = [pair for pair in facts["told"] if pair[1] != replicas]
    return f"{moved[0][1]} replicas were desired for a moment" if moved else None


def both_running(pods: Rows) -> bool:
    running = [pod for pod in pods if pod["ready"] and pod["node"]]
    return len({pod["uid"] for pod in running}) == 2


def fell(row: Mapping[str, Any]) -> bool:
    return bool(row["desired"] == 1 and row["pods"] == 1)


def shared(pods: Rows) -> bool:
    """Did two pods of one node open exactly the same device files?"""
    first, second = pods[0], pods[1]
    return bool(
        first["node"] == second["node"] and first["opened"] and first["opened"] == second["opened"]
    )

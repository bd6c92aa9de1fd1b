"""A run's status as lines for a person: only what is new (pure)."""

from collections.abc import Iterator

from aiconform.model.status import Awaited, Status

_SHOWN = 6


def news(before: Status | None, now: Status) -> list[str]:
    """What `now` says that `before` did not: stage, rounds, who is awaited, what is settled."""
    return [
        *_stage(before, now),
        *_settled(before, now),
        *_waiting(before, now),
    ]


def still(now: Status, *, later_s: float) -> str:
    """One line for when nothing is new since `later_s` seconds; empty when nothing is awaited."""
    if not now.waiting:
        return f"still in stage {now.stage}{_deadline(now, later_s)}"
    more = now.waiting_count - 1
    others = f" and {more} more" if more > 0 else ""
    return f"still waiting for {awaited_text(now.waiting[0], at=now.at + later_s)}{others}"


def awaited_text(awaited: Awaited, *, at: float) -> str:
    """Which object, why, and how long still."""
    left = f" ({max(awaited.until - at, 0):.0f} s left)" if awaited.until is not None else ""
    why = awaited.sentence or awaited.reason
    return f"{awaited.object}: {why}{left}"


def counts_text(now: Status) -> str:
    """ "2 reporting, 1 lost", in the order of their names."""
    return ", ".join(f"{count} {state}" for state, count in sorted(now.nodes.items()) if count)


def _stage(before: Status | None, now: Status) -> Iterator[str]:
    told = (now.stage, now.message, now.rounds_done)
    if before is None or told != (before.stage, before.message, before.rounds_done):
        rounds = ""
        if now.stage == "rounds":
            rounds = f" ({now.rounds_done} of about {now.rounds_expected} done)"
        message = f": {now.message}" if now.message and now.message != now.stage else ""
        yield f"{now.stage}{message}{rounds}"


def _settled(before: Status | None, now: Status) -> Iterator[str]:
    """Nodes that came to an end nobody wants; those at work are told by the stage."""
    for state in ("failed", "lost"):
        earlier = before.nodes.get(state, 0) if before else 0
        if now.nodes.get(state, 0) > earlier:
            yield f"nodes: {counts_text(now)}"
            return


def _waiting(before: Status | None, now: Status) -> Iterator[str]:
    known = {_key(awaited) for awaited in before.waiting} if before else set()
    new = [awaited for awaited in now.waiting if _key(awaited) not in known]
    for awaited in new[:_SHOWN]:
        yield f"  waiting for {awaited_text(awaited, at=now.at)}"
    hidden = now.waiting_count - _SHOWN
    if len(new) > _SHOWN and hidden > 0:
        yield f"  … and {hidden} more"


def _key(awaited: Awaited) -> tuple[str, str, str]:
    return awaited.object, awaited.reason, awaited.sentence


def _deadline(now: Status, later_s: float) -> str:
    if now.deadline is None:
        return ""
    return f" (the run ends in {max(now.deadline - now.at - later_s, 0):.0f} s at the latest)"

"""Did a node take part to the end? Its last state change and the plan's exclusions say it."""

from aiconform.judge.facts import Facts
from aiconform.judge.words import clip
from aiconform.model.plan import Excluded
from aiconform.model.verdict import Outcome, Subject, Verdict

# Left alone on purpose. The other reasons (NotReady, Busy) leave open what the node is worth.
LEFT_OUT = frozenset({"ControlPlane", "Tainted", "Cordoned", "NotSelected"})


def judge_excluded(excluded: Excluded, *, planned_id: str) -> Verdict:
    """A node that the plan leaves out: SKIP when that was meant, UNKNOWN when it could not be."""
    meant = excluded.reason in LEFT_OUT
    return Verdict(
        item="node",
        subject=Subject(node=excluded.node),
        outcome=Outcome.SKIP if meant else Outcome.UNKNOWN,
        reason=excluded.reason,
        sentence=clip(f"{excluded.node} was left out: {excluded.sentence}"),
        required=not meant,
        rests_on=(planned_id,),
    )


def judge_unplanned(node: str, facts: Facts) -> Verdict:
    """A node of the survey that no plan speaks of."""
    if facts.checks_only:
        return Verdict(
            item="node",
            subject=Subject(node=node),
            outcome=Outcome.SKIP,
            reason="ProbesOff",
            sentence=f"{node} was left alone: no probe is switched on",
            required=False,
        )
    nothing = facts.plan is not None and not facts.nodes
    sentence = "no probe was planned" if nothing else "the plan says nothing about this node"
    return Verdict(
        item="node",
        subject=Subject(node=node),
        outcome=Outcome.UNKNOWN,
        reason="NothingPlanned" if nothing else "NotPlanned",
        sentence=f"{node} was not tested: {sentence}",
    )


def trouble_of(node: str, facts: Facts) -> tuple[str, str] | None:
    """(reason, sentence) when a planned node did not get to the end; None when it finished."""
    state = facts.states.get(node)
    if facts.is_dry_run:
        return "DryRun", f"{node}: a dry run tests nothing"
    if state is None:
        return "NotStarted", f"{node} never started: the journal has no word of its agent"
    record = state.record
    said = record.sentence or record.reason
    match record.state:
        case "finished":
            return None
        case "lost":
            return _reason(record.reason, "NodeLost"), clip(f"{node} was lost: {said}")
        case "failed":
            return _reason(record.reason, "NotStarted"), clip(f"{node} never came to work: {said}")
        case _:
            return "NotFinished", clip(
                f"{node} had not finished ({record.state}) when the run ended"
            )


def _reason(given: str, otherwise: str) -> str:
    return otherwise if given in {"", "Ok"} else given

"""
Requirements judged: each check's own evaluator, and the rules that hold for all of them.

Source of the rules: spec of the requirement checks, 0.1 and 0.2.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from aiconform.catalogue.requirements import requirements, versions
from aiconform.judge.facts import CheckFacts, Facts
from aiconform.judge.sightings import STEPS_FILE, Conclusion, Evaluator, Sighting, Sightings
from aiconform.judge.words import clip
from aiconform.model.outcome import Outcome
from aiconform.model.requirement import Level, RequirementVerdict
from aiconform.model.verdict import Verdict

CLAIMS = frozenset({Outcome.PASS, Outcome.WARN})
# A malformed journal is judged, too: what an evaluator cannot read is an ERROR of that check.
UNREADABLE = (LookupError, TypeError, ValueError, AttributeError)


def judge_requirements(
    facts: Facts, evaluators: Mapping[str, Evaluator], *, checklist: str = ""
) -> tuple[RequirementVerdict, ...]:
    """
    A verdict for each check that was planned.

    Args:
        checklist: Judge against this version, "1.36"; empty: the configuration's, else the
            cluster's own.
    """
    if facts.is_dry_run or facts.plan is None:
        return ()
    version = checklist or version_of(facts)
    return tuple(
        _judge_one(check, facts, evaluators.get(check), version) for check in facts.plan.checks
    )


def version_of(facts: Facts) -> str:
    """Of the checklist that counts; empty when neither configuration nor survey says it."""
    if facts.config and facts.config.checks.version:
        return facts.config.checks.version
    told = facts.surveyed.record.server_version if facts.surveyed else ""
    found = re.match(r"v?(1\.[0-9]{2,3})(?![0-9])", told)
    return found.group(1) if found else ""


@dataclass(frozen=True)
class _Case:
    """One requirement, with what the catalogue says of it for this version."""

    check: str
    known: bool
    level: Level | None
    may_skip: bool
    said: CheckFacts


def _judge_one(
    check: str, facts: Facts, evaluate: Evaluator | None, version: str
) -> RequirementVerdict:
    row = requirements().get(check)
    case = _Case(
        check=check,
        known=row is not None,
        level=row.level(version) if row and version else None,
        may_skip=row is not None and row.skip is not None,
        said=facts.checks.get(check) or CheckFacts(),
    )
    settings = facts.config.checks.settings.get(check, {}) if facts.config else {}
    seen = Sightings(
        check=check,
        steps={
            step: Sighting(f.id, step, f.record.began, f.record.ended, f.record.facts,
                           f.record.problem)
            for step, f in case.said.steps.items()
        },
        files=frozenset({*case.said.files, *([STEPS_FILE] if case.said.steps else [])}),
        version=version,
        level=case.level,
        settings=settings,
    )  # fmt: skip
    found = _evaluated(seen, evaluate, begun=case.said.began is not None)
    for rule in (_ended, _evidenced, _tidy, _skips):
        found = rule(found, case)
    return _verdict(_in_version(found, case, version), case, version)


def _evaluated(seen: Sightings, evaluate: Evaluator | None, *, begun: bool) -> Conclusion:
    if not begun:
        return Conclusion(Outcome.UNKNOWN, "NotRun", "the run ended before this check began")
    if evaluate is None:
        told = "this version of the program cannot judge it"
        return Conclusion(Outcome.UNKNOWN, "NoEvaluator", told)
    try:
        return evaluate(seen)
    except UNREADABLE as exc:
        told = f"what was seen cannot be read: {type(exc).__name__}: {exc}"
        return Conclusion(Outcome.ERROR, "Unreadable", clip(told))


def _ended(found: Conclusion, case: _Case) -> Conclusion:
    """What a check that did not come to its end has not seen might have been anything."""
    if found.outcome is Outcome.FAIL or case.said.began is None:
        return found
    if case.said.ended is None:
        return _instead(found, Outcome.UNKNOWN, "Interrupted", "the check was interrupted")
    ended = case.said.ended.record
    if ended.how == "time_box":
        return _instead(found, Outcome.UNKNOWN, "TimeBox", ended.sentence or "its time was up")
    if ended.how == "broken":
        return _instead(found, Outcome.ERROR, "CheckBroken", ended.sentence)
    return found


def _evidenced(found: Conclusion, case: _Case) -> Conclusion:
    """A claim rests on files, and all of them are there."""
    if found.outcome not in CLAIMS:
        there = tuple(path for path in found.evidence if _is_there(path, case))
        return replace(found, evidence=there)
    if not found.evidence:
        return _instead(found, Outcome.ERROR, "NoEvidence", "it would rest on no evidence")
    if missing := [path for path in found.evidence if not _is_there(path, case)]:
        told = f"evidence is missing: {', '.join(missing)}"
        there = tuple(path for path in found.evidence if path not in missing)
        return replace(_instead(found, Outcome.UNKNOWN, "EvidenceMissing", told), evidence=there)
    return found


def _is_there(path: str, case: _Case) -> bool:
    return bool(case.said.steps) if path == STEPS_FILE else path in case.said.files


def _tidy(found: Conclusion, case: _Case) -> Conclusion:
    left = case.said.ended.record.leftovers if case.said.ended else ()
    if not left:
        return found
    notes = (*found.notes, clip(f"left behind: {', '.join(left)}"))
    found = replace(found, notes=notes)
    if found.outcome is not Outcome.PASS:
        return found
    told = f"{found.sentence}; but {len(left)} objects of the check did not go"
    return replace(found, outcome=Outcome.WARN, reason="Leftovers", sentence=clip(told))


def _skips(found: Conclusion, case: _Case) -> Conclusion:
    if found.outcome is Outcome.SKIP and not case.may_skip and case.level is not None:
        return _instead(found, Outcome.UNKNOWN, "SkipNotAllowed", found.sentence)
    return found


def _in_version(found: Conclusion, case: _Case, version: str) -> Conclusion:
    """A requirement that the checklist does not have is looked at all the same, and told."""
    if not version:
        told = "the cluster's version is not known, and with it which checklist counts"
        return _instead(found, Outcome.UNKNOWN, "NoVersion", told)
    if case.level is None and case.known:
        seen = clip(f"seen all the same: {found.outcome}: {found.sentence}")
        told = f"the checklist of {version} does not have this requirement"
        return replace(_instead(found, Outcome.SKIP, "NotInVersion", told), notes=(seen,))
    if version not in versions():
        note = f"the checklist of {version} is not known here: judged as {versions()[-1]}"
        return replace(found, notes=(*found.notes, note))
    return found


def _instead(found: Conclusion, outcome: Outcome, reason: str, sentence: str) -> Conclusion:
    """Another outcome; what the evaluator said stays as a note."""
    said = clip(f"without that: {found.outcome}: {found.sentence}")
    notes = found.notes if found.reason in {"NotRun", reason} else (*found.notes, said)
    return replace(found, outcome=outcome, reason=reason, sentence=clip(sentence), notes=notes)


def _verdict(found: Conclusion, case: _Case, version: str) -> RequirementVerdict:
    began, ended = case.said.began, case.said.ended
    common = {
        "id": case.check,
        "level": case.level or Level.SHOULD,
        "notes": found.notes,
        "started_at": began.at if began else None,
        "duration_s": max(0.0, ended.at - began.at) if began and ended else None,
    }
    try:
        return RequirementVerdict(
            outcome=found.outcome, reason=found.reason, sentence=found.sentence,
            evidence=found.evidence, steps=found.steps, **common,
        )  # fmt: skip
    except ValueError as exc:  # pydantic's ValidationError: the evaluator contradicts itself
        told = clip(f"the check's conclusion contradicts itself: {exc}")
        return RequirementVerdict(
            outcome=Outcome.ERROR, reason="Contradiction", sentence=told, **common
        )


def must_verdicts(found: Iterable[RequirementVerdict]) -> Iterator[Verdict]:
    """
    What the MUST requirements add to the run's own verdicts; the others change nothing.

    A SKIP caps the run at WARN: the reader must see it.
    """
    for verdict in found:
        if verdict.level is Level.MUST:
            skipped = verdict.outcome is Outcome.SKIP
            yield Verdict(
                item=verdict.id,
                outcome=Outcome.WARN if skipped else verdict.outcome,
                reason=verdict.reason,
                sentence=clip(f"{verdict.id}: {verdict.sentence}"),
                rests_on=tuple(f"checks/{verdict.id}/{path}" for path in verdict.evidence),
            )

"""What a requirement's verdict rests on, as files beside it: every step, every object and log."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from aiconform.judge.facts import CheckFacts, checks_of
from aiconform.judge.sightings import STEPS_FILE
from aiconform.model.records import Entry
from aiconform.model.requirement import RequirementVerdict
from aiconform.report.files import write_file
from aiconform.report.requirement import CHECKS


def write_evidence(
    results: Path, entries: Iterable[Entry], verdicts: Sequence[RequirementVerdict]
) -> None:
    """
    Write `steps.jsonl` and the evidence files of each requirement below `checks/<id>/`.

    Raises:
        ResultsError: The volume is full or cannot be written.
    """
    said = checks_of(sorted(entries, key=lambda entry: entry.n))
    for verdict in verdicts:
        found = said.get(verdict.id)
        if found is None:
            continue
        directory = results / CHECKS / verdict.id
        if found.steps:
            write_file(directory / STEPS_FILE, _steps(found, verdict))
        for path, file in found.files.items():
            cut = "\n[the rest was cut off]\n" if file.record.truncated else ""
            write_file(directory / path, [f"{file.record.text}{cut}".encode()])


def _steps(found: CheckFacts, verdict: RequirementVerdict) -> Iterator[bytes]:
    """One line for each step: when, what was measured, what it was judged to be."""
    judged = {step.name: step for step in verdict.steps}
    for name, fact in sorted(found.steps.items(), key=lambda item: item[1].record.began):
        record, step = fact.record, judged.get(name)
        line = {
            "step": name,
            "record": fact.id,
            "began": record.began,
            "ended": record.ended,
            "facts": record.facts,
            "problem": record.problem.model_dump() if record.problem else None,
            "outcome": step.outcome.value if step else None,
            "sentence": step.sentence if step else None,
            "mandatory": step.mandatory if step else False,
        }
        yield f"{json.dumps(line, allow_nan=False)}\n".encode()

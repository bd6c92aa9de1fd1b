"""summary.json: the judgement, the facts of the run, and nothing that is not in the journal."""

from collections.abc import Iterator, Sequence
from typing import Any

from aiconform.model.records import SCHEMA_VERSION, Entry
from aiconform.model.verdict import Judgement
from aiconform.report.documents import RunFacts, TroubleTold
from aiconform.report.lines import json_lines
from aiconform.report.story import Story, tell


def summary(entries: Sequence[Entry], judgement: Judgement) -> dict[str, Any]:
    """The judgement's keys, and `schema_version`, `facts`; times are Unix seconds."""
    return {
        "schema_version": SCHEMA_VERSION,
        **judgement.model_dump(mode="json"),
        "facts": _facts(tell(entries)),
    }


def summary_lines(story: Story, judgement: Judgement) -> Iterator[bytes]:
    """The same as a file, piece by piece: one line for each verdict and finding."""
    large = {"verdicts": judgement.verdicts, "findings": judgement.findings}
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        **judgement.model_dump(mode="json", exclude=set(large)),
        "facts": _facts(story),
    }
    for key, records in large.items():
        document[key] = records
    return json_lines(document)


def _facts(story: Story) -> dict[str, Any]:
    opened, surveyed, plan, closed = story.opened, story.surveyed, story.plan, story.closed
    facts = RunFacts(
        version=opened.version if opened else None,
        profile=opened.config.profile if opened else None,
        server_version=surveyed.server_version if surveyed else None,
        not_permitted=surveyed.not_permitted if surveyed else (),
        node_count=len(surveyed.nodes) if surveyed else None,
        planned_node_count=len(plan.nodes) if plan else None,
        round_count=len(story.rounds_opened),
        started_at=story.started_at,
        finished_at=story.finished_at,
        closed=closed.how if closed else None,
        troubles=tuple(
            TroubleTold(where=t.where, sentence=t.sentence, hint=t.hint) for t in story.troubles
        ),
    )
    return facts.model_dump(mode="json")

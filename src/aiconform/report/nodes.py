"""nodes/<node>.json: everything that one node said and what was concluded of it."""

import json
from collections.abc import Sequence
from typing import Any

from aiconform.model.base import Frozen
from aiconform.model.verdict import Judgement
from aiconform.report.scrub import file_name
from aiconform.report.story import NodeStory, Story


def node_files(story: Story, judgement: Judgement) -> dict[str, str]:
    """File name → JSON text, one for each node of the survey and each that reported."""
    return {
        f"{file_name(node.name)}.json": json.dumps(
            _document(node, story, judgement), indent=2, allow_nan=False
        )
        + "\n"
        for node in story.nodes.values()
    }


def _document(node: NodeStory, story: Story, judgement: Judgement) -> dict[str, Any]:
    about = [v for v in judgement.verdicts if node.name in {v.subject.node, v.subject.peer}]
    found = [f for f in judgement.findings if node.name in {f.subject.node, f.subject.peer}]
    return {
        "node": node.name,
        "run": judgement.run,
        "group": _group(node.name, story),
        "facts": _plain(node.facts),
        "changes": _all(node.changes),
        "agent": _plain(node.hello),
        "inventory": _plain(node.inventory),
        "known_answers": _all(node.known_answers),
        "measurements": _all(node.measurements),
        "pairs": _all(node.pairs),
        "counters": _all(node.counters),
        "evidence": _all(node.evidence),
        "verdicts": _all(about),
        "findings": _all(found),
    }


def _group(node: str, story: Story) -> str | None:
    groups = story.plan.groups if story.plan else ()
    return next((group.name for group in groups if node in group.nodes), None)


def _plain(record: Frozen | None) -> Any:
    return record.model_dump(mode="json") if record else None


def _all(records: Sequence[Frozen]) -> list[Any]:
    return [record.model_dump(mode="json") for record in records]

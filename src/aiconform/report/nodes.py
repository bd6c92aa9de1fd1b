"""nodes/<node>.json: everything that one node said and what was concluded of it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from aiconform.model.verdict import Finding, Judgement, Verdict
from aiconform.report.lines import json_lines
from aiconform.report.scrub import file_name
from aiconform.report.story import NodeStory, Story

S = TypeVar("S", Verdict, Finding)


def node_files(story: Story, judgement: Judgement) -> Iterator[tuple[str, Iterator[bytes]]]:
    """File name and JSON, one for each node of the survey and each that reported."""
    groups = story.plan.groups if story.plan else ()
    group_of = {node: group.name for group in groups for node in group.nodes}
    verdicts, findings = _by_node(judgement.verdicts), _by_node(judgement.findings)
    for node in story.nodes.values():
        document = {
            "node": node.name,
            "run": judgement.run,
            "group": group_of.get(node.name),
            **_said(node),
            "verdicts": verdicts[node.name],
            "findings": findings[node.name],
        }
        yield f"{file_name(node.name)}.json", json_lines(document)


def _by_node(found: Iterable[S]) -> defaultdict[str, list[S]]:
    """What is of a node, or of a pair that it is one side of."""
    sorted_out: defaultdict[str, list[S]] = defaultdict(list)
    for each in found:
        for node in dict.fromkeys((each.subject.node, each.subject.peer)):
            if node is not None:
                sorted_out[node].append(each)
    return sorted_out


def _said(node: NodeStory) -> dict[str, Any]:
    return {
        "facts": node.facts,
        "changes": node.changes,
        "agent": node.hello,
        "inventory": node.inventory,
        "known_answers": node.known_answers,
        "measurements": node.measurements,
        "pairs": node.pairs,
        "counters": node.counters,
        "telemetry": node.telemetry,
        "evidence": node.evidence,
    }

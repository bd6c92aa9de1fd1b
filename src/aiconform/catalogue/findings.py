"""What each kind of finding means and what a person does about it."""

from collections.abc import Mapping
from functools import cache

from pydantic import TypeAdapter

from aiconform.catalogue.loading import load
from aiconform.model.base import Frozen, Sentence, Text


class FindingText(Frozen):
    """
    One code's text. `action` is a template: {node}, {peer}, {device}, {direction}, {subject}.

    `basis` names why the rule exists.
    """

    code: Text
    title: Text
    means: Sentence
    action: Sentence
    basis: Sentence

    def act(self, **names: str) -> str:
        return self.action.format_map(names)


@cache
def finding_texts() -> Mapping[str, FindingText]:
    """All findings by code."""
    rows = load("findings.yaml", TypeAdapter(tuple[FindingText, ...]))
    return {row.code: row for row in rows}

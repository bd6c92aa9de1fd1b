"""What each kind of finding means and what a person does about it."""

from collections.abc import Mapping
from functools import cache

from pydantic import TypeAdapter

from aiconform.catalogue.loading import load
from aiconform.model.action import Action
from aiconform.model.base import Frozen, ReasonCode, Sentence, Text


class FindingText(Frozen):
    """
    One code's text. `action` is a template: {node}, {peer}, {device}, {direction}, {subject}.

    `action_kind` sorts it into the closed set; `unless` names the reasons for which it is another
    kind. `basis` names why the rule exists.
    """

    code: Text
    title: Text
    means: Sentence
    action_kind: Action
    unless: Mapping[ReasonCode, Action] = {}
    action: Sentence
    basis: Sentence

    def act(self, **names: str) -> str:
        return self.action.format_map(names)

    def kind(self, reason: str = "") -> Action:
        """What kind of thing to do, when the finding has this machine reason."""
        return self.unless.get(reason, self.action_kind)


@cache
def finding_texts() -> Mapping[str, FindingText]:
    """All findings by code."""
    rows = load("findings.yaml", TypeAdapter(tuple[FindingText, ...]))
    return {row.code: row for row in rows}

"""Every code that judgement uses has a text, and every text can be filled in."""

import re
from pathlib import Path

import pytest
from pydantic import TypeAdapter

import aiconform.judge
from aiconform.catalogue import FindingText, finding_texts
from aiconform.catalogue.loading import CatalogueError, parse
from aiconform.model.action import Action


def test_codes_in_the_code_are_those_of_the_catalogue() -> None:
    sources = Path(aiconform.judge.__file__).parent.glob("*.py")
    used = {c for path in sources for c in re.findall(r"AIC-[A-Z]+-\d+", path.read_text())}

    assert used == set(finding_texts())


@pytest.mark.parametrize("text", finding_texts().values(), ids=lambda text: str(text.code))
def test_actions_can_be_filled_in(text: FindingText) -> None:
    names = {key: f"<{key}>" for key in ("node", "peer", "device", "direction", "subject")}

    action = text.act(**names)

    assert "{" not in action
    assert text.basis


def test_another_action_is_chosen_by_the_reason() -> None:
    text = finding_texts()["AIC-NODE-003"]

    assert text.kind("Busy") is Action.FREE_CAPACITY
    assert text.kind("NotReady") is text.action_kind is Action.LOOK_CLOSER


def test_reasons_that_choose_an_action_occur_in_the_code() -> None:
    root = Path(aiconform.judge.__file__).parents[1]
    rooms = ("judge", "cluster", "campaign")
    sources = "".join(p.read_text() for room in rooms for p in (root / room).glob("*.py"))

    for text in finding_texts().values():
        for reason in text.unless:
            assert f'"{reason}"' in sources


@pytest.mark.parametrize("text", ["[", "- {code: A}", "- {code: A, verdict: PASS}"])
def test_malformed_file_is_named(text: str) -> None:
    with pytest.raises(CatalogueError, match=r"findings\.yaml"):
        parse(text, TypeAdapter(tuple[FindingText, ...]), name="findings.yaml")

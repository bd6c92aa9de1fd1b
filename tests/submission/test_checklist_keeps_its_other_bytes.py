"""Filling in changes the fields that are meant to be filled in, and nothing else."""

import re
import string

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from aiconform.model.errors import ConfigError
from aiconform.report.submission.checklist import (
    Answer,
    Checklist,
    fill,
    parse_checklist,
    read_checklist,
)
from aiconform.report.submission.rules import METADATA
from tests.submission.sample import VERSIONS, checklist, checklist_text, official, product

_COMMENT = re.compile(r'^ +(?:status|evidence|notes):.*?(# [^"]*)$')
_FILLED = {"status", "evidence", "notes"}


@pytest.mark.parametrize("version", VERSIONS)
def test_official_checklist_unedited_comes_back_byte_for_byte(version: str) -> None:
    path = official(version)

    text = fill(read_checklist(path), metadata={}, answers={})

    assert text.encode() == path.read_bytes()


@pytest.mark.parametrize("version", VERSIONS)
def test_official_checklist_filled_in_differs_only_where_it_asks_to(version: str) -> None:
    checked_out = read_checklist(official(version))

    text = _filled(checked_out)

    _assert_only_intended(checked_out.text, text)


@pytest.mark.parametrize("version", VERSIONS)
def test_our_own_checklist_filled_in_differs_only_where_it_asks_to(version: str) -> None:
    _assert_only_intended(checklist_text(version), _filled(checklist(version)))


@given(
    notes=st.text(alphabet=string.printable + "äß→\u2028\u0085'\"\\", max_size=80),
    link=st.text(alphabet=string.ascii_letters + ":/#-._ {}[]&*!|>%@`", min_size=1, max_size=60),
)
def test_whatever_is_filled_in_is_read_back_as_it_was(notes: str, link: str) -> None:
    """Quotes, hashes, braces and line ends in a note do not change the file's structure."""
    answer = Answer(status="N/A", evidence=(link,), notes=notes)

    text = fill(checklist(), metadata={}, answers={"gang_scheduling": answer})

    row = _rows(text)["gang_scheduling"]
    assert row["notes"] == " ".join(notes.split())
    assert row["evidence"] == [" ".join(link.split())]


def test_missing_metadata_field_is_added_before_the_empty_line() -> None:
    """Some versions' files have no k8sConformanceUrl, and the validator asks for it."""
    text = fill(checklist(), metadata=product().filled(), answers={})

    assert 'turbo-encabulator"\n\nspec:\n' in text


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("\n", "\r\n"), "without changing other lines"),
        (("level: MUST", "level:  MUST"), "without changing other lines"),
        (("metadata:", "metadata:\n  kubernetesVersion: v1.36"), "not YAML"),
        (("  kubernetesVersion: v1.37\n", ""), "kubernetesVersion"),
        (("level: MUST", "level: MAY"), "neither MUST nor SHOULD"),
        (('      notes: ""\n', ""), "has no notes"),
        (('status: ""', 'status: "Implemented"'), "filled in already"),
        (("id: gang_scheduling", "id: robust_controller"), "twice"),
        (("spec:", "specification:"), "metadata and spec"),
        (("spec:", "spec: ["), "not YAML"),
    ],
)
def test_a_file_that_is_no_empty_checklist_is_refused(change: tuple[str, str], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        parse_checklist(checklist_text("1.37").replace(*change), name="checklist.yaml")


def test_nested_too_deep_is_refused_and_not_a_crash() -> None:
    with pytest.raises(ConfigError):
        parse_checklist("a: " + "[" * 1_500, name="checklist.yaml")


def _filled(empty: Checklist) -> str:
    answer = Answer(status="Implemented", evidence=("evidence/a", "https://b/#c"), notes='A "note"')
    answers = {item.id: answer for item in empty.items[::2]}
    return fill(empty, metadata=product().filled(), answers=answers)


def _assert_only_intended(before: str, after: str) -> None:
    old, new = _rows(before), _rows(after)
    assert list(old) == list(new)
    for name, row in old.items():
        assert {k: v for k, v in row.items() if k not in _FILLED} == {
            k: v for k, v in new[name].items() if k not in _FILLED
        }
    assert _untouched(before) == _untouched(after)
    assert _comments(before) == _comments(after)


def _rows(text: str) -> dict[str, dict[str, object]]:
    spec = yaml.safe_load(text)["spec"]
    return {row["id"]: row for rows in spec.values() for row in rows}


def _untouched(text: str) -> list[str]:
    """All lines but those of the fields that are filled in, byte for byte."""
    keys = {*_FILLED, *(field.name for field in METADATA[1:])}
    lines = text.splitlines(keepends=True)
    return [x for x in lines if x.split(":")[0].strip() not in keys and '    - "' not in x]


def _comments(text: str) -> list[str]:
    """Those behind the fields that are filled in, whatever stands before them now."""
    ends = [_COMMENT.search(line) for line in text.splitlines()]
    return [found[1] for found in ends if found]

"""The catalogue knows the checklists' ids, sections and levels, and none of their text."""

import pytest

from aiconform.catalogue.requirements import requirements, versions
from aiconform.report.submission import read_checklist
from tests.submission.sample import VERSIONS, official


@pytest.mark.parametrize("version", VERSIONS)
def test_ids_sections_and_levels_are_the_checklists(version: str) -> None:
    items = read_checklist(official(version)).items

    known = [(r.id, r.category, r.level(version)) for r in requirements().values()]
    assert [(i.id, i.category, i.level) for i in items] == [row for row in known if row[2]]


@pytest.mark.parametrize("version", VERSIONS)
def test_no_description_is_kept_here(version: str) -> None:
    ours = " ".join(f"{r.title} {r.shows} {r.notes} {r.skip}" for r in requirements().values())

    for item in read_checklist(official(version)).items:
        words = item.description.split()
        sixes = {" ".join(words[n : n + 6]) for n in range(len(words) - 5)}
        assert not [six for six in sixes if six in ours]


def test_sixteen_requirements_in_five_versions() -> None:
    assert versions() == ("1.33", "1.34", "1.35", "1.36", "1.37")
    assert len(requirements()) == 16
    assert len({row.test.name for row in requirements().values()}) == 16


def test_newer_version_is_taken_for_the_newest_known() -> None:
    assert requirements()["workload_sandboxing"].level("1.99") == "SHOULD"
    assert requirements()["dra_support"].level("1.99") is None


def test_name_of_our_own_is_never_the_upstream_suites() -> None:
    for row in requirements().values():
        assert row.test_name(upstream=False).startswith("TestAiconform")

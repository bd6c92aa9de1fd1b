"""Files that the docs show in full are taken by what reads them; what they say of us is so."""

import re
from fnmatch import fnmatch
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from aiconform.catalogue.requirements import requirements, versions
from aiconform.checks.framework.registry import all_checks
from aiconform.model.reference import parse_references
from aiconform.model.requirement import Level
from aiconform.model.waiver import parse_waivers
from aiconform.report.submission.product import parse_product
from tests.chart.chart_files import merged, schema
from tests.docs.shell import PAGES, ROOT, Block, blocks

DOCS = ROOT / "docs"
YAML = [block for page in PAGES for block in blocks(page) if block.language == "yaml"]


def named(block: Block) -> str:
    """The file that a block is: its first line says so, as `# site.yaml`."""
    found = re.match(r"#\s+(\S+)\s*$", block.text.splitlines()[0])
    return found.group(1) if found else ""


VALUES = [block for block in YAML if named(block) in {"site.yaml", "values.yaml"}]


def shown(which: list[Block]) -> list[Any]:
    return [pytest.param(b, id=f"{b.page.relative_to(ROOT)}:{b.line}") for b in which]


@pytest.mark.parametrize("block", shown(YAML))
def test_yaml_can_be_read(block: Block) -> None:
    assert all(document is not None for document in yaml.safe_load_all(block.text))


@pytest.mark.parametrize("block", shown(VALUES))
def test_values_are_taken_by_the_chart(block: Block) -> None:
    errors = Draft202012Validator(schema()).iter_errors(merged(yaml.safe_load(block.text)))

    assert [f"{error.json_path}: {error.message}" for error in errors] == []


def test_files_of_a_site_are_taken_by_their_readers() -> None:
    """At least one of each is shown."""
    read: dict[str, Any] = {"waivers.yaml": parse_waivers, "references.yaml": parse_references}
    for name, parse in read.items():
        found = [block for block in YAML if named(block) == name]
        assert found, name
        assert all(parse(block.text) for block in found)

    (product,) = (b for b in YAML if b.text.startswith("metadata:") and "vendorName" in b.text)
    assert parse_product(product.text, name="product.yaml")


def test_guide_to_certification_names_every_must_and_its_check() -> None:
    page = (DOCS / "tutorial-certification.md").read_text()
    told = dict(re.findall(r"^\| \[(\w+)\]\(checks/\1\.md\) \| (.+) \|$", page, re.MULTILINE))

    musts = {
        row.id: [v for v in versions() if row.level(v) is Level.MUST]
        for row in requirements().values()
    }
    assert told == {name: in_words(where) for name, where in musts.items() if where}
    assert set(told) <= set(all_checks())


def in_words(found: list[str]) -> str:
    return f"{found[0]} – {found[-1]}" if len(found) > 2 else ", ".join(found)


def test_every_page_is_in_the_sites_contents() -> None:
    """The site would be built without it, and its builder would call that an error."""
    contents = (DOCS / "index.md").read_text()
    listed = {line for block in re.findall(r"```\{toctree\}(.*?)```", contents, re.DOTALL)
              for line in block.splitlines() if line and not line.startswith(":")}  # fmt: skip

    pages = {p.relative_to(DOCS).with_suffix("").as_posix() for p in DOCS.rglob("*.md")}
    assert {p for p in pages - {"index"} if not any(fnmatch(p, each) for each in listed)} == set()

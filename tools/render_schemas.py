"""
Write docs/schemas/ from the models: a JSON Schema for each file that people or their tools read.

With --check nothing is written: exit 1 when a schema is not what the models say.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from aiconform.model.plan import Plan, RunConfig
from aiconform.model.records import SCHEMA_VERSION
from aiconform.model.reference import SiteReference
from aiconform.model.requirement import RequirementVerdict
from aiconform.model.status import Status
from aiconform.model.verdict import Finding, Verdict
from aiconform.model.waiver import Waiver
from aiconform.report.documents import (
    DiffDocument,
    JournalLine,
    LintDocument,
    NodeFile,
    RightsDocument,
    SimulationDocument,
    StepLine,
    SubmissionDocument,
    Summary,
)
from aiconform.report.submission.product import Product

TARGET = Path(__file__).resolve().parent.parent / "docs" / "schemas" / f"v{SCHEMA_VERSION}"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Published(NamedTuple):
    """
    `serialization`: we write it, every field is there, in snake_case. `validation`: we read it, as
    people write it, in camelCase where Kubernetes would.
    """

    shape: Any
    mode: Literal["serialization", "validation"]
    title: str


SCHEMAS = {
    "summary": Published(Summary, "serialization", "summary.json"),
    "verdict": Published(Verdict, "serialization", "One verdict of a node, a device or a link"),
    "finding": Published(Finding, "serialization", "One finding"),
    "requirement": Published(RequirementVerdict, "serialization", "checks/<id>/verdict.json"),
    "step": Published(StepLine, "serialization", "A line of checks/<id>/steps.jsonl"),
    "node": Published(NodeFile, "serialization", "nodes/<node>.json"),
    "journal-line": Published(JournalLine, "serialization", "A line of journal.ndjson.gz"),
    "diff": Published(DiffDocument, "serialization", "aiconform diff -o json"),
    "plan": Published(Plan, "serialization", "aiconform plan -o json"),
    "status": Published(Status, "serialization", "aiconform follow -o json, and status.json"),
    "rights": Published(RightsDocument, "serialization", "aiconform rights -o json"),
    "submission": Published(
        SubmissionDocument, "serialization", "aiconform submission --format json"
    ),
    "lint": Published(LintDocument, "serialization", "aiconform submission --lint --format json"),
    "simulation": Published(SimulationDocument, "serialization", "aiconform simulate -o json"),
    "waivers": Published(tuple[Waiver, ...], "validation", "waivers.yaml"),
    "references": Published(tuple[SiteReference, ...], "validation", "references.yaml"),
    "product": Published(Product, "validation", "product.yaml"),
    "run-config": Published(RunConfig, "validation", "run.json, the chart's values under run"),
}


class _Written(GenerateJsonSchema):
    """A field that has a default is written all the same, so a reader may count on it."""

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,
    ) -> bool:
        return self.mode == "serialization" or super().field_is_required(field, total)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare")
    args = parser.parse_args()
    wanted = {f"{name}.schema.json": render(name) for name in SCHEMAS}
    if args.check:
        return int(present() != wanted)
    TARGET.mkdir(parents=True, exist_ok=True)
    for name in present().keys() - wanted.keys():
        (TARGET / name).unlink()
    for name, text in wanted.items():
        (TARGET / name).write_text(text)
    return 0


def present() -> dict[str, str]:
    """The schemas that lie in the docs: file name → text."""
    return {path.name: path.read_text() for path in sorted(TARGET.glob("*.json"))}


def render(name: str) -> str:
    """The text of one schema."""
    return f"{json.dumps(schema(name), indent=2)}\n"


def schema(name: str) -> dict[str, Any]:
    published = SCHEMAS[name]
    made = TypeAdapter(published.shape).json_schema(
        mode=published.mode,
        by_alias=published.mode == "validation",
        schema_generator=_Written,
    )
    head = {
        "$schema": DIALECT,
        "$id": f"urn:aiconform:schema:v{SCHEMA_VERSION}:{name}",
        "title": published.title,
    }
    return head | {key: value for key, value in made.items() if key != "title"}


if __name__ == "__main__":
    sys.exit(main())

"""
Hold the files of a run to the published schemas, as anyone can who has the schemas alone.

    python -m tools.check_results results/run-20270114-101500
"""

import argparse
import gzip
import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tools.render_schemas import TARGET

# Pattern below the directory of a run → schema. Files of lines have one document a line.
SHAPES = {
    "summary.json": "summary",
    "nodes/*.json": "node",
    "journal.ndjson.gz": "journal-line",
    "checks/*/verdict.json": "requirement",
    "checks/*/steps.jsonl": "step",
    "diff.json": "diff",
}
_LINES = (".gz", ".jsonl")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path, help="an unpacked run")
    found = complaints_of(parser.parse_args().directory)
    print("\n".join(found) or "every file keeps to its schema")
    return int(bool(found))


def complaints_of(directory: Path) -> list[str]:
    """
    One sentence for each thing that a schema does not allow.

    Raises:
        ValueError: The directory has none of the files.
    """
    files = [(path, shape) for glob, shape in SHAPES.items() for path in directory.glob(glob)]
    if not files:
        raise ValueError(f"{directory} is no run")
    return [
        f"{path.relative_to(directory)}: {told}"
        for path, shape in sorted(files)
        for document in _documents(path)
        for told in complaints(shape, document)
    ]


def complaints(shape: str, document: Any) -> list[str]:
    """What the schema of that name says against a document: "$.path: message"."""
    return [
        f"{error.json_path}: {error.message}" for error in _validator(shape).iter_errors(document)
    ]


def _documents(path: Path) -> Iterator[Any]:
    if path.suffix not in _LINES:
        yield json.loads(path.read_bytes())
        return
    data = path.read_bytes()
    for line in (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines():
        yield json.loads(line)


@cache
def _validator(shape: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((TARGET / f"{shape}.schema.json").read_text()))


if __name__ == "__main__":
    sys.exit(main())

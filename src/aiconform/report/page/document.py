"""The document as a whole: what each part shows, put into the templates."""

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from aiconform.model.verdict import Judgement
from aiconform.report.page.coverage import coverage
from aiconform.report.page.environment import environment, node_facts
from aiconform.report.page.figures import spreads
from aiconform.report.page.grid import node_blocks
from aiconform.report.page.heat import STEP_NAMES, Heat, heat
from aiconform.report.page.marks import SIGNS
from aiconform.report.page.overview import overview
from aiconform.report.page.requirements import requirement_lines
from aiconform.report.page.tables import Table
from aiconform.report.page.timeline import timeline
from aiconform.report.page.topology import topology
from aiconform.report.page.verdicts import device_table, link_table, node_table, run_table
from aiconform.report.page.workloads import workload_lines
from aiconform.report.scrub import printable
from aiconform.report.story import Story


def page(story: Story, judgement: Judgement) -> str:
    """The whole document, the same for the same run."""
    where = topology(story, judgement)
    parts: dict[str, Any] = {
        "overview": overview(story, judgement),
        "requirements": requirement_lines(judgement.requirements),
        "workloads": workload_lines(judgement),
        "blocks": node_blocks(judgement, where),
        "nodes": node_table(judgement),
        "spreads": spreads(judgement),
        "devices": device_table(judgement),
        "heat": heat(judgement),
        "topology": where,
        "links": link_table(judgement),
        "run": run_table(judgement),
        "timeline": timeline(story),
        "coverage": coverage(judgement),
        "environment": environment(story),
    }
    style, script = _text("style.css"), _text("script.js")
    return _templates().get_template("page.html.j2").render(
        **parts,
        policy=_policy(style, script),
        style=Markup(style),
        script=Markup(script),
        data=_packed(_payload(parts, story)),
        signs={outcome.value: sign for outcome, sign in SIGNS.items()},
        step_names=STEP_NAMES,
    )  # fmt: skip


@cache
def _templates() -> Environment:
    """Every text is made printable and escaped; a name that is missing is an error."""
    return Environment(
        loader=FunctionLoader(lambda name: _text(f"templates/{name}")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )


@cache
def _text(name: str) -> str:
    return files("aiconform.report.page").joinpath(name).read_text(encoding="utf-8")


def _shown(value: Any) -> Any:
    if isinstance(value, str) and not isinstance(value, Markup):
        return printable(value, keep_lines=True)
    return value


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; "
        f"script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _payload(parts: Mapping[str, Any], story: Story) -> dict[str, Any]:
    """What the script shows when it is asked: further leaves of tables, and each node's details."""
    heat_cells = _heat_cells(parts["heat"])
    blocks = {b.id: b.cells.payload() for b in parts["blocks"] if b.cells is not None}
    return {
        "tables": {table.id: table.payload() for table in _tables(parts)},
        "cells": blocks | heat_cells,
        "facts": {node.name: node_facts(node) for node in story.nodes.values()},
        "signs": {outcome.value: sign for outcome, sign in SIGNS.items()},
    }


def _tables(parts: Mapping[str, Any]) -> Iterable[Table]:
    yield from (parts[name] for name in ("nodes", "devices", "links", "run"))
    yield parts["overview"].findings
    yield parts["timeline"].events
    yield parts["coverage"].ledger
    yield parts["environment"].makes


def _heat_cells(found: Heat | None) -> dict[str, Any]:
    own = {"sending": found.sending, "receiving": found.receiving} if found else {}
    return {name: each.payload() for name, each in own.items() if each is not None}


def _packed(payload: Mapping[str, Any]) -> str:
    """gzip in base64: no text or markup of the run is in it, and it is a tenth of the size."""
    text = _dumped(payload)
    if not all(map(_is_shown, set(_ESCAPED.findall(text)))):
        text = _dumped(_clean(payload))
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


_dumped = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_ESCAPED = re.compile(r"\\(?:u[0-9a-f]{4}|.)")


def _is_shown(escaped: str) -> bool:
    """Whether a character that JSON writes in such a way is one that a browser shows as it is."""
    return escaped in _PLAIN or (len(escaped) == 6 and chr(int(escaped[2:], 16)).isprintable())


_PLAIN = frozenset({r"\n", r"\t", r"\"", r"\\"})


def _clean(value: Any) -> Any:
    """Text from machines that are not trusted, without what a browser would not show."""
    if isinstance(value, str):
        return printable(value, keep_lines=True)
    if isinstance(value, list | tuple):
        return [_clean(each) for each in value]
    if isinstance(value, Mapping):
        return {_clean(key): _clean(each) for key, each in value.items()}
    return value

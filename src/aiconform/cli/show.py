"""What a command says: plain lines, tables on a terminal, or JSON."""

import json
import sys
from collections.abc import Sequence
from typing import Any

import click

from aiconform.model.records import Entry
from aiconform.model.verdict import Judgement
from aiconform.report.scrub import printable


def say(text: str = "") -> None:
    """One line on stdout, at once."""
    click.echo(printable(text))
    sys.stdout.flush()


def note(text: str) -> None:
    """One line on stderr: progress and remarks, kept apart from what a command is asked for."""
    click.echo(printable(text), err=True)


def show_json(document: Any) -> None:
    click.echo(json.dumps(document, indent=2, allow_nan=False))


def on_terminal() -> bool:
    return sys.stdout.isatty()


def show_judgement(judgement: Judgement, entries: Sequence[Entry], *, output: str) -> None:
    """The verdict: summary.json's document, tables on a terminal with rich, else plain lines."""
    from aiconform.report.summary import summary
    from aiconform.report.terminal import plain_lines, rich_view

    if output == "json":
        show_json(summary(entries, judgement))
        return
    if on_terminal():
        try:
            from rich.console import Console
        except ImportError:  # the extra [cli] is not installed
            pass
        else:
            Console().print(rich_view(judgement))
            return
    for line in plain_lines(judgement):
        say(line)

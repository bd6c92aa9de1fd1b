"""Options that several commands share, spelt once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

output: Decorator = click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Lines for people, or one JSON document.",
)
namespace: Decorator = click.option(
    "-n", "--namespace", default="aiconform", show_default=True, help="Where the release lives."
)
release: Decorator = click.option(
    "--release",
    "release_name",
    default="aiconform",
    show_default=True,
    help="The Helm release; its objects are called after it.",
)
fail_on: Decorator = click.option(
    "--fail-on",
    type=click.Choice(["fail", "incomplete", "warn", "never"]),
    default="incomplete",
    show_default=True,
    help="What makes the exit code other than 0: only a FAIL; also what should have been tested"
    " and was not; also a WARN; nothing.",
)
values: Decorator = click.option(
    "-f",
    "--values",
    "value_files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False),
    help="A values file of the chart, as for Helm. May be repeated.",
)
sets: Decorator = click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="KEY=VALUE",
    help="One value of the chart, as for Helm. May be repeated.",
)

waivers: Decorator = click.option(
    "--waivers",
    "waivers_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Known faults that are accepted for a while (YAML): they stay visible, and do not count.",
)


def _as_set(_ctx: click.Context, _parameter: click.Parameter, given: str | None) -> tuple[str, ...]:
    """As Helm's `--set` takes it; the chart knows which checks there are."""
    if given is None:
        return ()
    if given in {"all", "none"}:
        return (f"run.checks.enabled={given}",)
    return (f"run.checks.enabled={{{given}}}",)


checks: Decorator = click.option(
    "--checks",
    callback=_as_set,
    metavar="all|none|ID,…",
    help="Requirements of AI conformance to check, as the value run.checks.enabled.",
)

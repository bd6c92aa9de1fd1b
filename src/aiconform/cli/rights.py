"""`aiconform rights`: what each part needs, and whether it is granted."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aiconform.cli import options

if TYPE_CHECKING:
    from aiconform.cli.access import Answers, Places
    from aiconform.cli.installed import Installed
    from aiconform.cluster.rights import Right
    from aiconform.model.plan import Checks

_EXIT_MISSING, _EXIT_UNKNOWN = 1, 3


@click.command()
@click.option("--chart", type=click.Path(path_type=Path), help="Another chart than our own.")
@options.values
@options.sets
@options.namespace
@options.release
@click.option(
    "--checks",
    metavar="all|none|ID,…",
    help="Also what these checks of requirements need, in namespaces of their own.  [default: what"
    " the values say]",
)
@options.output
def rights(
    chart: Path | None,
    value_files: tuple[str, ...],
    sets: tuple[str, ...],
    namespace: str,
    release_name: str,
    checks: str | None,
    output: str,
) -> int:
    """
    What each part needs, and whether it is granted, before a run.

    Two accounts count: yours, which installs, and the coordinator's, to which the chart grants what
    the run needs. Exit code 0: all can be done; 1: something is missing; 3: it cannot be told.
    Takes the same values as `run`: namespaces that they name are those that are asked about.

    \b
    Examples:
        aiconform rights
        kubectl --as alice aiconform rights -n validation
        aiconform rights --checks all
        aiconform rights --values site.yaml --set namespace.work=team-a-work
        aiconform rights -o json | jq '.run[] | select(.grantable == "no")'
    """
    from aiconform.cli.access import Answers, Places, questions
    from aiconform.cli.charts import find_chart
    from aiconform.cli.installed import read_manifest
    from aiconform.cli.kubectl_site import KubectlSite
    from aiconform.cli.show import show_json
    from aiconform.cli.site import ChartArguments
    from aiconform.cluster.rights import RIGHTS
    from aiconform.model.plan import Checks

    site = KubectlSite()
    places, enabled = Places.by_default(namespace, release_name), Checks()
    if chart or value_files or sets:
        arguments = ChartArguments(find_chart(chart), value_files, sets, run_name="rights")
        manifest = site.render(arguments, release=release_name, namespace=namespace)
        told = read_manifest(manifest, release=release_name, may_be_scheduled=True)
        places, enabled = _places(told), told.config.checks
    needed = (*RIGHTS, *_of_checks(enabled if checks is None else _given(checks)))
    asked = questions(places=places, job=release_name, rights=needed)
    answers = Answers(site.review(asked), job=release_name, rights=needed)
    if output == "json":
        show_json(_document(answers, places))
    else:
        _show(answers, places, release_name)
    return _exit_code(answers)


def _places(told: "Installed") -> "Places":
    from aiconform.cli.access import Places

    config = told.config
    return Places(told.namespace, config.work_namespace, config.probe_namespace)


def _given(checks: str) -> "Checks":
    from aiconform.model.plan import Checks

    enabled: Any = checks if checks in {"all", "none"} else tuple(checks.split(","))
    return Checks.model_construct(enabled=enabled)


def _of_checks(checks: "Checks") -> "tuple[Right, ...]":
    """
    Raises:
        ConfigError: There is no such check.
    """
    from aiconform.checks.framework.registry import all_checks

    known = all_checks()
    return tuple(right for check in checks.selected(known) for right in known[check].rights)


def _document(answers: "Answers", places: "Places") -> dict[str, Any]:
    return {
        "namespaces": {"own": places.own, "work": places.work, "probe": places.probe},
        "install": [
            {"right": str(need), "why": need.why, "granted": answer.value}
            for need, answer in answers.installing()
        ],
        "run": [
            {
                "right": str(grant.need),
                "namespace": places.of(grant.need) if grant.need.namespaced else None,
                "why": grant.need.why,
                "lost_without": grant.right.lost_without,
                "switch": grant.right.switch or None,
                "granted": grant.granted.value,
                "grantable": grant.grantable.value,
            }
            for grant in answers.grants()
        ],
    }


def _show(answers: "Answers", places: "Places", job: str) -> None:
    from aiconform.cli.access import Answer, account_of
    from aiconform.cli.show import say

    say(f"To install, fetch and remove, in namespace {places.own}: may your account?")
    for need, answer in answers.installing():
        say(f"  {answer.value:<8} {need!s:<52} {need.why}")
    say()
    say(f"For the run: {account_of(places.own, job)}. The chart grants it; may you?")
    if any(grant.need.place != "own" for grant in answers.grants()):
        say(f"  Checks work in {places.work} (work) and {places.probe} (probe).")
    for grant in answers.grants():
        told = "granted" if grant.granted is Answer.YES else grant.grantable.value
        say(f"  {told:<8} {grant.need!s:<52} {grant.need.why}")
        if told in {"no", "unknown"}:
            switch = f" ({grant.right.switch}=false leaves it out)" if grant.right.switch else ""
            say(f"           without it: {grant.right.lost_without}{switch}")


def _exit_code(answers: "Answers") -> int:
    from aiconform.cli.access import Answer

    told = [answer for _, answer in answers.installing()]
    told += [g.grantable for g in answers.grants() if g.granted is not Answer.YES]
    if Answer.NO in told:
        return _EXIT_MISSING
    return _EXIT_UNKNOWN if Answer.UNKNOWN in told else 0

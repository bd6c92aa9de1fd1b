"""`aiconform rights`: what each part needs, and whether it is granted."""

from typing import TYPE_CHECKING, Any

import click

from aiconform.cli import options

if TYPE_CHECKING:
    from aiconform.cli.access import Answers
    from aiconform.cluster.rights import Right

_EXIT_MISSING, _EXIT_UNKNOWN = 1, 3


@click.command()
@options.namespace
@options.release
@click.option(
    "--checks",
    default="none",
    metavar="all|none|ID,…",
    help="Also what these checks of requirements need, in namespaces of their own.",
)
@options.output
def rights(namespace: str, release_name: str, checks: str, output: str) -> int:
    """
    What each part needs, and whether it is granted, before a run.

    Two accounts count: yours, which installs, and the coordinator's, to which the chart grants what
    the run needs. Exit code 0: all can be done; 1: something is missing; 3: it cannot be told.

    \b
    Examples:
        aiconform rights
        kubectl --as alice aiconform rights -n validation
        aiconform rights --checks all
        aiconform rights -o json | jq '.run[] | select(.grantable == "no")'
    """
    from aiconform.cli.access import Answers, questions
    from aiconform.cli.kubectl_site import KubectlSite
    from aiconform.cli.show import show_json
    from aiconform.cluster.rights import RIGHTS

    needed = (*RIGHTS, *_of_checks(checks))
    asked = questions(namespace=namespace, job=release_name, rights=needed)
    answers = Answers(KubectlSite().review(asked), job=release_name, rights=needed)
    if output == "json":
        show_json(_document(answers))
    else:
        _show(answers, namespace, release_name)
    return _exit_code(answers)


def _of_checks(given: str) -> "tuple[Right, ...]":
    """
    Raises:
        ConfigError: There is no such check.
    """
    from aiconform.checks.framework.registry import all_checks
    from aiconform.model.plan import Checks

    enabled: Any = given if given in {"all", "none"} else tuple(given.split(","))
    selected = Checks.model_construct(enabled=enabled).selected(all_checks())
    return tuple(right for check in selected for right in all_checks()[check].rights)


def _document(answers: "Answers") -> dict[str, Any]:
    return {
        "install": [
            {"right": str(need), "why": need.why, "granted": answer.value}
            for need, answer in answers.installing()
        ],
        "run": [
            {
                "right": str(grant.need),
                "why": grant.need.why,
                "lost_without": grant.right.lost_without,
                "switch": grant.right.switch or None,
                "granted": grant.granted.value,
                "grantable": grant.grantable.value,
            }
            for grant in answers.grants()
        ],
    }


def _show(answers: "Answers", namespace: str, job: str) -> None:
    from aiconform.cli.access import Answer, account_of
    from aiconform.cli.show import say

    say(f"To install, fetch and remove, in namespace {namespace}: may your account?")
    for need, answer in answers.installing():
        say(f"  {answer.value:<8} {need!s:<52} {need.why}")
    say()
    say(f"For the run: {account_of(namespace, job)}. The chart grants it; may you?")
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

"""`aiconform plan`: what a run would do, from a look at the cluster, without making anything."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aiconform.cli import options

if TYPE_CHECKING:
    from aiconform.model.plan import Plan


@click.command()
@click.option("--chart", type=click.Path(path_type=Path), help="Another chart than our own.")
@options.values
@options.sets
@options.checks
@options.namespace
@options.release
@options.output
def plan(
    chart: Path | None,
    value_files: tuple[str, ...],
    sets: tuple[str, ...],
    checks: tuple[str, ...],
    namespace: str,
    release_name: str,
    output: str,
) -> int:
    """
    Say what would be done, on which nodes, and what it would cost.

    Looks at nodes and pods with your own rights, and makes nothing. Takes the same values as `run`.

    \b
    Examples:
        aiconform plan
        aiconform plan --set run.profile=thorough -o json
    """
    from aiconform.campaign.planner import plan_run
    from aiconform.checks.framework.registry import all_checks
    from aiconform.cli.charts import find_chart
    from aiconform.cli.installed import read_manifest
    from aiconform.cli.kubectl_site import KubectlSite
    from aiconform.cli.looking import survey_from_here
    from aiconform.cli.show import note, show_json
    from aiconform.cli.site import ChartArguments

    site = KubectlSite()
    arguments = ChartArguments(find_chart(chart), value_files, (*sets, *checks), run_name="plan")
    manifest = site.render(arguments, release=release_name, namespace=namespace)
    config = read_manifest(manifest, release=release_name, may_be_scheduled=True).config
    surveyed = survey_from_here(site, config)
    planned = plan_run(config, surveyed, checks=all_checks())
    for missing in surveyed.not_permitted:
        note(f"not permitted: {missing}")
    if output == "json":
        show_json(planned.model_dump(mode="json"))
    else:
        _show(planned)
    return 0


def _show(planned: "Plan") -> None:
    from aiconform.checks.framework.registry import all_checks
    from aiconform.cli.show import say

    count = len(planned.nodes)
    say(f"{count} nodes would be tested, {len(planned.excluded)} left out")
    for group in planned.groups:
        resources = ", ".join(f"{n} {name}" for name, n in group.resources.items()) or "no device"
        say(f"  group {group.name} ({group.architecture}, {resources}): {', '.join(group.nodes)}")
    for excluded in planned.excluded:
        say(f"  left out {excluded.node}  {excluded.reason}: {excluded.sentence}")
    say(f"Exercises: {', '.join(planned.exercises) or 'none'}")
    say(f"Links: {'in rounds of disjoint pairs' if planned.pair_probe else 'none'}")
    for check in planned.checks:
        say(f"Requirement {check}: {all_checks()[check].cost}")
    cost = planned.cost
    say(f"Cost: about {cost.seconds:.0f} s and {cost.bytes / 1e9:.1f} GB; {cost.sentence}")

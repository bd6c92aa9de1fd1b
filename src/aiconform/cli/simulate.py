"""`aiconform simulate`: what would a way of testing find in a network of so many nodes?"""

import click

# Spelt here, so that `--help` imports no simulation; a test compares them with it.
KINDS = (
    "dead", "one-way-nic", "lossy", "straggler", "intermittent", "intermittent-nic", "lossy-link",
    "leaf-rail", "domain", "rail", "uplink", "leaf-pair", "mixed", "none",
)  # fmt: skip
TOPOLOGIES = (
    "single-switch", "leaf-spine", "rail-optimised", "nvlink-domains", "torus", "unknown",
)  # fmt: skip
SCHEDULES = (
    "ours", "all-pairs", "suspects-with-good", "fast-with-slow", "bisection", "reference", "mesh",
)  # fmt: skip


@click.command()
@click.option(
    "--nodes", type=click.IntRange(2, 20_000), default=232, show_default=True, help="How many."
)
@click.option(
    "--topology",
    type=click.Choice(TOPOLOGIES),
    default="leaf-spine",
    show_default=True,
    help="How they are connected.",
)
@click.option(
    "--kind", type=click.Choice(KINDS), default="dead", show_default=True, help="What is wrong."
)
@click.option(
    "--faults", type=click.IntRange(0, 1000), default=1, show_default=True, help="How many of them."
)
@click.option(
    "--schedule",
    type=click.Choice(SCHEDULES),
    default="ours",
    show_default=True,
    help="The way of testing.",
)
@click.option("--trials", type=click.IntRange(1, 10_000), default=20, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same answer.")
@click.option(
    "--sigma",
    type=click.FloatRange(0, 1),
    default=0.03,
    show_default=True,
    help="Spread of the rates' logs, without any fault.",
)
@click.option(
    "--spoilt",
    type=click.FloatRange(0, 1),
    default=0.005,
    show_default=True,
    help="Part of the tests that lose 15 to 50 % once, for no component's fault.",
)
@click.option("--leaf-size", type=click.IntRange(2, 256), help="Nodes of a leaf, if not the usual.")
@click.option("--rails", type=click.IntRange(1, 16), help="NICs of a node, if not the usual.")
@click.option(
    "--oversubscription",
    type=click.FloatRange(1, 64),
    default=1.0,
    show_default=True,
    help="Ports of a leaf for each of its uplinks.",
)
@click.option("--adaptive", is_flag=True, help="Flows are spread evenly, not hashed.")
@click.option(
    "-o",
    "--output",
    "--format",
    "output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Lines for people, or one JSON object.",
)
def simulate(
    nodes: int,
    topology: str,
    kind: str,
    faults: int,
    schedule: str,
    trials: int,
    seed: int,
    sigma: float,
    spoilt: float,
    leaf_size: int | None,
    rails: int | None,
    oversubscription: float,
    adaptive: bool,
    output: str,
) -> int:
    """
    Say what a way of testing would find in a network of so many nodes, and what it would take.

    Plants faults in a simulated network, tests it as the schedule does, and compares what is blamed
    with what was planted. No cluster is touched. Ours is the plan that a run really follows.

    \b
    Kinds of faults:
        dead              a node over which nothing comes
        one-way-nic       one NIC sends, or receives, at 50 %
        lossy             a node at 70 % ± 15 %
        straggler         a node at 80 %, always
        intermittent      a node at 50 % in 30 % of its tests
        intermittent-nic  one direction of one NIC at 50 % in 30 % of its tests
        lossy-link        the path between two nodes of a leaf, or neighbours in a torus, at 30 %
        leaf-rail         a leaf switch of one rail at 60 % (two rails or more)
        domain            all inside one leaf, or NVLink domain, at 60 % (two or more)
        rail              one rail at 60 % in every leaf (two rails or more)
        uplink            one uplink of a leaf at 20 %, behind hashed paths (three leaves or more)
        leaf-pair         the path between two leaves at 30 % (three leaves or more)
        mixed             dead, one-way-nic, lossy and intermittent in turn
        none              nothing: who is blamed without a reason?

    \b
    Topologies:
        single-switch     every node on one switch
        leaf-spine        32 nodes a leaf, one NIC each, hashed uplinks
        rail-optimised    32 nodes a unit, 4 NICs each, each on the leaf of its rail
        nvlink-domains    domains of 18 nodes, 4 NICs each
        torus             a 3-D torus, tested between neighbours
        unknown           leaf-spine, and the planner is not told who shares a leaf

    \b
    Schedules:
        ours                matchings in leaves, folded leaf rounds, a sequential test of doubts
        all-pairs           the circle over all nodes
        suspects-with-good  two random matchings, suspects with good nodes in the second
        fast-with-slow      two random matchings, the slow half with the fast half in the second
        bisection           one collective, halved where it fails
        reference           one node against each other one, in turn
        mesh                all pairs within groups of 8

    \b
    Examples:
        aiconform simulate --nodes 232 --faults 5 --kind dead
        aiconform simulate --nodes 1024 --topology rail-optimised --kind uplink -o json
        aiconform simulate --nodes 256 --kind intermittent --schedule bisection
        aiconform simulate --nodes 512 --topology torus --kind lossy-link
    """
    from aiconform.cli.show import say, show_json
    from aiconform.fabric.simulation import Noise, Question, run_trials

    question = Question(
        nodes=nodes,
        schedule=schedule,
        topology=topology,
        kind=None if kind == "none" else kind,
        faults=faults,
        noise=Noise(sigma=sigma, spoilt=spoilt),
        rails=rails,
        unit=leaf_size,
        oversubscription=oversubscription,
        adaptive=adaptive,
    )
    if problem := question.problem:
        raise click.UsageError(problem)
    metrics = run_trials(question, trials=trials, seed=seed)
    if output == "json":
        show_json({"nodes": nodes, "schedule": schedule, "kind": kind, **metrics.as_dict()})
        return 0
    say(f"{nodes} nodes, {topology}, {kind} × {faults}, schedule {schedule}, {trials} trials:")
    say(f"  precision  {_part(metrics.precision)}   of what was blamed was at fault")
    say(f"  recall     {_part(metrics.recall)}   of what was at fault was blamed")
    say(f"  innocents  {metrics.innocents_per_run:.2f}   blamed in each run")
    say(f"  named      after {metrics.rounds:g} rounds, {metrics.minutes_to_name:.1f} min")
    say(
        f"  in all     {metrics.rounds_in_all:g} rounds, {metrics.pair_tests:g} tests, "
        f"{metrics.minutes:.1f} min, {metrics.gigabytes / 1000:.1f} TB"
    )
    return 0


def _part(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"

"""`aiconform profile`: will this kind of workload run here, and if not, what is missing?"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aiconform.cli import options
from aiconform.cli.show import note, say, show_json
from aiconform.cli.site_file import read_site_file
from aiconform.model.errors import ConfigError

if TYPE_CHECKING:
    from aiconform.catalogue.profiles import Profile


@click.command()
@click.argument("results", type=click.Path(path_type=Path))
@click.option(
    "--profile",
    "wanted",
    multiple=True,
    metavar="ID",
    help="Only this one, e.g. llm_serving. May be repeated.  [default: all]",
)
@click.option(
    "--file",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Profiles of your own or of a product (YAML), in place of those that come along.",
)
@click.option(
    "--checklist",
    default="",
    metavar="VERSION",
    help="Judge requirements against this version of the checklist, e.g. 1.36.",
)
@options.output
def profile(
    results: Path, wanted: tuple[str, ...], file: Path | None, checklist: str, output: str
) -> int:
    """
    Hold a finished run against what kinds of workload need, and say what is missing.

    RESULTS is the tarball, the directory or the journal of a run, which is judged anew, offline.
    What the run did not check is not known. Profiles that come along: distributed_training,
    llm_serving, batch_fine_tuning and notebooks.

    \b
    Examples:
        aiconform profile results/run-20270114-101500.tar.gz
        aiconform profile run.tar.gz --profile llm_serving -o json
        aiconform profile run.tar.gz --file our-product.yaml

    \b
    Exit codes: 0 all are ready, 1 something is missing, 2 wrong usage,
    3 nothing is missing, but something is not known.
    """
    from aiconform.catalogue.profiles import profiles
    from aiconform.judge.readiness import readiness
    from aiconform.model.outcome import Outcome
    from aiconform.report import load_results
    from aiconform.report.again import judge_again
    from aiconform.report.readiness import document, lines

    known = {p.id: p for p in (read_profiles(file) if file else profiles().values())}
    if strange := [name for name in wanted if name not in known]:
        hint = f"There are {', '.join(known)}"
        raise ConfigError(f"no profile is called {', '.join(strange)}", hint=hint)
    loaded = load_results(results)
    for damage in loaded.damage:
        note(f"damaged: {damage}")
    judgement = judge_again(loaded, checklist=checklist)
    chosen = [known[name] for name in dict.fromkeys(wanted or known)]
    found = [readiness(judgement, each, damaged=bool(loaded.damage)) for each in chosen]
    if output == "json":
        show_json(document(found, run=judgement.run))
    else:
        for line in lines(found):
            say(line)
    outcomes = {each.outcome for each in found}
    return 1 if Outcome.FAIL in outcomes else 3 if Outcome.UNKNOWN in outcomes else 0


def read_profiles(path: Path) -> "tuple[Profile, ...]":
    """
    Raises:
        ConfigError: The file cannot be read, or asks for what there is not.
    """
    from aiconform.catalogue.profiles import MAX_PROFILES_CHARACTERS, parse_profiles

    text = read_site_file(path, "profiles", most_characters=MAX_PROFILES_CHARACTERS)
    return parse_profiles(text, name=str(path))

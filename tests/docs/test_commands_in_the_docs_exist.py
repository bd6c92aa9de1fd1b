"""Every command that the docs show is one: its program, its options, its files, its values."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from aiconform.cli.main import COMMANDS, aiconform
from tests.chart.chart_files import about, schema
from tests.docs.shell import PAGES, ROOT, Command, commands, mentioned, simple
from tests.docs.site import lay_out
from tests.docs.taken import assert_values, is_value, parse

ALL = [command for page in PAGES for command in commands(page)]
SAID = [command for page in PAGES for command in mentioned(page)]
# What other people's programs take is theirs; that our docs call no other is ours.
FOREIGN = {"kind", "tar", "cd", "minisign", "sonobuoy", "python", "export", "jq", "git", "test"}


def of(*programs: str, among: list[Command] = ALL) -> list[Any]:
    return [pytest.param(c, id=str(c)) for c in among if c.program in programs]


def test_every_program_is_known() -> None:
    known = {"aiconform", "make", "helm", "kubectl", "docker", "./install.sh", *FOREIGN}

    assert [str(command) for command in ALL if command.program not in known] == []


def test_the_docs_show_commands() -> None:
    """A page that is read wrongly shows none, and all the rest would hold."""
    assert len(ALL) > 40
    assert {command.program for command in ALL} >= {"aiconform", "make", "helm", "kubectl"}


@pytest.mark.parametrize("command", of("aiconform"))
def test_aiconform_takes_it(command: Command, site: Path) -> None:
    """Parsed by the program's own parser, where the files that it names are there."""
    parse(list(command.arguments))


@pytest.mark.parametrize("command", of("aiconform", among=SAID))
def test_aiconform_has_what_is_spoken_of(command: Command, site: Path) -> None:
    """Running text may leave out arguments, and stand A and B for files."""
    try:
        parse(list(command.arguments))
    except click.BadParameter as exc:
        if not isinstance(exc, click.MissingParameter) and "does not exist" not in exc.message:
            raise


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_of_help_are_taken(name: str, site: Path) -> None:
    """What `--help` shows is documentation, too."""
    found = aiconform.get_command(click.Context(aiconform), name)
    assert found is not None
    for line in examples(found.help or ""):
        parse(line)


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("site"))


@pytest.fixture
def site(laid_out: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(laid_out)
    return laid_out


@pytest.mark.parametrize("command", [*of("make"), *of("make", among=SAID)])
def test_target_exists(command: Command) -> None:
    words = [word for word in command.arguments if "=" not in word and not word.startswith("-")]

    assert set(words) <= targets()
    variables = {word.split("=")[0] for word in command.arguments if "=" in word}
    assert variables <= set(re.findall(r"^([A-Z]+) \?=", makefile(), re.MULTILINE))


@pytest.mark.parametrize("command", of("helm"))
def test_helm_is_given_a_chart_of_ours_and_values_that_it_takes(command: Command) -> None:
    words = command.arguments
    sets = list(given(words, "--set"))
    for entry in given(words, "--set-file"):
        key, _, file = entry.partition("=")
        assert file
        sets.append(f"{key}=")
    assert_values(sets, str(command))
    if words[0] in {"install", "upgrade", "template"}:
        chart = words[2] if words[1] != "--install" else words[3]
        assert chart in {"charts/aiconform", f"./aiconform-{about()['version']}.tgz"}


@pytest.mark.parametrize("command", of("kubectl", "sonobuoy"))
def test_manifest_exists(command: Command) -> None:
    paths = [*given(command.arguments, "-f"), *given(command.arguments, "--plugin")]

    for path in (path for path in paths if path.endswith((".yaml", ".json"))):
        assert (ROOT / path).is_file(), path
        documents = yaml.safe_load_all((ROOT / path).read_text())
        assert all(isinstance(each, dict) for each in documents if each is not None)


@pytest.mark.parametrize("command", of("docker"))
def test_stage_of_the_dockerfile_exists(command: Command) -> None:
    stages = re.findall(r"^FROM .* AS (\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    assert set(given(command.arguments, "--target")) <= set(stages)


@pytest.mark.parametrize("command", of("./install.sh"))
def test_install_script_takes_it(command: Command) -> None:
    script = (ROOT / "tools" / "bundle" / "install.sh").read_text()

    options = [word for word in command.arguments if word.startswith("--")]
    assert [option for option in options if f"{option})" not in script] == []


def test_values_that_are_spoken_of_exist() -> None:
    """`run.limits.holdS` in running text is a value of the chart."""
    tops = "|".join(schema()["properties"])
    pattern = re.compile(rf"`((?:{tops})(?:\.[A-Za-z][A-Za-z0-9]*)+)(?:=[^`]*)?`")
    others = {"json", "yaml", "csv", "gz", "html", "md", "xml", "txt", "com"}  # files, API groups
    unknown = [
        f"{page.relative_to(ROOT)}: {key}"
        for page in PAGES
        for key in pattern.findall(page.read_text())
        if key.rpartition(".")[2] not in others and not is_value(key)
    ]

    assert unknown == []


def given(words: tuple[str, ...], option: str) -> Iterator[str]:
    """The values of an option, written `--set x` or `--set=x`."""
    for word, following in zip(words, (*words[1:], ""), strict=True):
        if word == option:
            yield following
        elif word.startswith(f"{option}="):
            yield word.removeprefix(f"{option}=")


def examples(text: str) -> Iterator[list[str]]:
    """The lines of a help text that call the program."""
    joined = re.sub(r"\\\n\s*", " ", text)
    for line in joined.splitlines():
        if re.match(r"\s+(kubectl )?aiconform ", line):
            for command in simple(line.strip(), page=ROOT / "README.md", line=0):
                if command.program == "aiconform":
                    yield list(command.arguments)


@cache
def makefile() -> str:
    return (ROOT / "Makefile").read_text()


def targets() -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+):", makefile(), re.MULTILINE))

"""An image's tag changes with the files and stages that it is made of, and with nothing else."""

from pathlib import Path

import pytest

from e2e.lab import build_context
from e2e.lab.dockerfile import recipe

DOCKERFILE = """\
# Two images.
ARG BASE=python
FROM ${BASE} AS base
FROM base AS packages
COPY requirements/engine.txt /build/
RUN pip install \\
    # why
    -r /build/engine.txt
FROM base AS program
COPY src ./tools/build.py /build/
FROM base AS engine
COPY --from=packages /opt /opt
FROM base AS coordinator
COPY --from=program /opt /opt
"""


@pytest.fixture
def context(tmp_path: Path) -> Path:
    for name in ("requirements/engine.txt", "src/main.py", "src/cache.log", "tools/build.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / ".dockerignore").write_text("# all but\n*\n!src\n!requirements\n**/*.log\n")
    return tmp_path


def tag(context: Path, target: str) -> str:
    return build_context.digest(recipe(DOCKERFILE, target=target), context, build_args={})


def test_target_keeps_only_the_stages_that_lead_to_it() -> None:
    found = recipe(DOCKERFILE, target="engine")

    assert "AS packages" in found.text
    assert "AS program" not in found.text
    assert "pip install      -r" in found.text
    assert found.sources == {"requirements/engine.txt"}


def test_last_stage_is_the_default() -> None:
    assert recipe(DOCKERFILE, target="").sources == {"src", "tools/build.py"}


def test_unknown_target_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no stage 'nothing'"):
        recipe(DOCKERFILE, target="nothing")


def test_changed_source_moves_one_tag_and_leaves_the_other(context: Path) -> None:
    engine, coordinator = tag(context, "engine"), tag(context, "coordinator")

    (context / "src/main.py").write_text("changed")

    assert tag(context, "engine") == engine
    assert tag(context, "coordinator") != coordinator


def test_ignored_file_moves_no_tag(context: Path) -> None:
    before = tag(context, "coordinator")

    (context / "src/cache.log").write_text("changed")

    assert tag(context, "coordinator") == before


def test_build_argument_moves_the_tag(context: Path) -> None:
    part = recipe(DOCKERFILE, target="engine")

    one = build_context.digest(part, context, build_args={"BASE": "a"})
    other = build_context.digest(part, context, build_args={"BASE": "b"})

    assert one != other


@pytest.mark.parametrize(
    ("name", "left_out"),
    [("a.py", True), ("src/a.py", False), ("src/x/a.log", True), ("srcs/a.py", True)],
)
def test_dockerignore_is_followed(name: str, left_out: bool) -> None:
    assert build_context.ignored(name, ["*", "!src", "**/*.log"]) is left_out

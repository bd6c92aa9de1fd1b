"""The zipapp: the agent alone, byte for byte the same from the same sources, and it runs."""

import ast
import json
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from aiconform import __version__
from aiconform.model.wire import AGENT_RECORD
from tests.agent.support import environ
from tools.build_agent import MAX_BYTES, build, sources


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    build(tmp_path / "agent.pyz")
    return tmp_path / "agent.pyz"


def test_it_is_small_and_holds_nothing_but_the_agent(archive: Path) -> None:
    with zipfile.ZipFile(archive) as content:
        names = content.namelist()

    assert archive.stat().st_size < MAX_BYTES
    assert all(
        name in ("__main__.py", "aiconform/__init__.py") or name.startswith("aiconform/agent/")
        for name in names
    )


def test_the_same_sources_give_the_same_bytes(archive: Path, tmp_path: Path) -> None:
    os.utime(sources()[0])

    build(tmp_path / "again.pyz")

    assert (tmp_path / "again.pyz").read_bytes() == archive.read_bytes()


def test_it_runs_without_the_project_and_without_a_home(archive: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-I", "-S", str(archive), "version"],
        env={},
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout == f"{__version__}\n"


def test_wrong_words_are_answered_with_the_usage(archive: Path) -> None:
    said = subprocess.run([sys.executable, str(archive), "walk"], capture_output=True, text=True)

    assert said.returncode == 2
    assert "run" in said.stderr
    assert "local" in said.stderr


def test_missing_environment_is_named(archive: Path) -> None:
    said = subprocess.run(
        [sys.executable, str(archive), "run"], capture_output=True, text=True, env={}
    )

    assert said.returncode == 2
    assert "AICONFORM_RUN is not set" in said.stdout


def test_local_prints_records_that_the_collector_would_take(archive: Path) -> None:
    said = subprocess.run(
        [
            sys.executable, str(archive), "local", "--node", "here", "--run", "r1",
            "--engine", "python", "--exercise", "gemm.known_answer",
        ],
        capture_output=True,
        text=True,
        check=True,
    )  # fmt: skip

    records = [AGENT_RECORD.validate_json(line) for line in said.stdout.splitlines()]
    assert [record.kind for record in records] == [
        "hello", "inventory", "end", "check", "counters", "end",
    ]  # fmt: skip
    assert all(json.loads(line)["event"] for line in said.stderr.splitlines())


def test_interrupted_local_run_leaves_nothing_running(archive: Path, tmp_path: Path) -> None:
    local = subprocess.Popen(
        [
            sys.executable, str(archive), "local", "--node", "here", "--run", "r1",
            "--engine", "tests.agent.fake_engine", "--exercise", "gemm.known_answer",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environ(FAKE_ENGINE_FAULT="hang", TMPDIR=str(tmp_path)),
    )  # fmt: skip
    assert local.stderr is not None
    assert "exercise.started" in local.stderr.readline()

    local.send_signal(signal.SIGINT)
    local.communicate(timeout=5.0)

    assert local.returncode == 130
    assert list(tmp_path.glob("aiconform-*")) == []


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.name)
def test_sources_are_those_of_python_3_10(path: Path) -> None:
    ast.parse(path.read_text(), feature_version=(3, 10))

"""Runs beside each other on a volume: the last is compared with, the oldest go, others stay."""

import json
import os
from pathlib import Path

import pytest

from aiconform.cli.coordinate import archive_among_others, chosen_archive
from aiconform.judge import judge
from aiconform.model.errors import ConfigError
from aiconform.model.records import Entry
from aiconform.report import archive, unpack, verify, write_results
from aiconform.report.keeping import earlier_runs, forget
from tests.support.journals import Faults, run_journal, sound_journal

SLOW = run_journal(Faults(slow={("node3", "send"): 0.3}))


def kept(results: Path, name: str, at_s: float, entries: tuple[Entry, ...]) -> Path:
    """A finished run whose journal ended at that time."""
    directory = results / name
    write_results(directory, entries, judge(entries))
    archive(directory, results / f"{name}.tar.gz")
    os.utime(directory / "journal.ndjson.gz", (at_s, at_s))
    return directory


def run_now(results: Path, name: str, entries: tuple[Entry, ...], *, keep: int) -> Path:
    directory = results / name
    tarball = results / f"{name}.tar.gz"
    archive_among_others(directory, tarball, entries, judge(entries), keep=keep)
    return directory


def names(results: Path) -> list[str]:
    return sorted(path.name for path in results.iterdir())


def test_oldest_go_first_with_their_tarballs(tmp_path: Path) -> None:
    for number, name in enumerate(("c", "a", "b")):
        kept(tmp_path, name, 1000.0 + number, sound_journal())

    run_now(tmp_path, "now", sound_journal(), keep=3)

    assert names(tmp_path) == ["a", "a.tar.gz", "b", "b.tar.gz", "now", "now.tar.gz"]


def test_what_is_no_run_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "notes.tar.gz").write_text("mine")
    outside = kept(tmp_path.parent / f"{tmp_path.name}-other", "x", 1.0, sound_journal())
    (tmp_path / "link").symlink_to(outside)

    forget(earlier_runs(tmp_path, but="now"), keep=0)

    assert names(tmp_path) == ["link", "lost+found", "notes.tar.gz"]
    assert outside.is_dir()


def test_folder_that_may_not_be_looked_into_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As lost+found at the top of a claim, which is root's own."""
    (tmp_path / "lost+found").mkdir()
    is_file = Path.is_file

    def refused(path: Path) -> bool:
        if path.parent.name == "lost+found":
            raise PermissionError(13, "Permission denied")
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", refused)

    now = run_now(tmp_path, "now", sound_journal(), keep=2)

    assert (now / "summary.json").exists()
    assert (tmp_path / "lost+found").is_dir()


def test_old_run_that_does_not_go_costs_the_new_one_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        kept(tmp_path, f"old{number}", 1000.0 + number, sound_journal())

    def refused(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("aiconform.report.keeping.shutil.rmtree", refused)

    run_now(tmp_path, "now", sound_journal(), keep=2)

    assert (tmp_path / "now.tar.gz").exists()
    assert "not removed" in capsys.readouterr().err


def test_change_since_the_last_run_is_beside_the_results(tmp_path: Path) -> None:
    kept(tmp_path, "older", 1000.0, SLOW)
    kept(tmp_path, "last", 2000.0, sound_journal())

    now = run_now(tmp_path, "now", SLOW, keep=5)

    told = json.loads((now / "diff.json").read_text())
    assert told["counts"]["worse"] == 1
    assert "node3" in (now / "diff.txt").read_text()
    verify(now)
    verify(unpack(tmp_path / "now.tar.gz", tmp_path / "fetched"))


@pytest.mark.parametrize("keep", [1, 2])
def test_last_run_is_compared_with_even_when_it_goes_then(tmp_path: Path, keep: int) -> None:
    kept(tmp_path, "older", 1000.0, sound_journal())
    kept(tmp_path, "last", 2000.0, sound_journal())

    now = run_now(tmp_path, "now", SLOW, keep=keep)

    assert json.loads((now / "diff.json").read_text())["counts"]["worse"] == 1
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_dir()) == ["last", "now"][2 - keep :]


def test_first_run_has_nothing_to_compare_with(tmp_path: Path) -> None:
    now = run_now(tmp_path, "now", sound_journal(), keep=3)

    assert not (now / "diff.json").exists()
    verify(now)


def test_run_that_did_not_end_is_not_compared_with(tmp_path: Path) -> None:
    kept(tmp_path, "last", 1000.0, sound_journal())
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "journal.ndjson").write_text("{}")

    now = run_now(tmp_path, "now", SLOW, keep=5)

    assert json.loads((now / "diff.json").read_text())["counts"]["worse"] == 1


def test_unreadable_last_run_costs_the_comparison_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    last = kept(tmp_path, "last", 1000.0, sound_journal())
    (last / "journal.ndjson.gz").write_bytes(b"\x1f\x8bnot gzip")

    now = run_now(tmp_path, "now", sound_journal(), keep=5)

    assert "not compared" in capsys.readouterr().err
    assert (tmp_path / "now.tar.gz").exists()
    verify(now)


@pytest.mark.parametrize("keep", ["0", "-1", "many", "1.5"])
def test_number_to_keep_is_one(keep: str) -> None:
    with pytest.raises(ConfigError, match="KEEP_RESULTS"):
        chosen_archive(keep)

"""What a run leaves: every promised file, sums that hold, and no half file on a full disk."""

import gzip
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiconform.journal import replay
from aiconform.model.errors import ResultsError
from aiconform.report import verify, write_results
from aiconform.report.files import write_file
from tests.report.sample import entries, judgement


@pytest.fixture
def written(tmp_path: Path) -> Path:
    directory = tmp_path / "demo"
    write_results(directory, entries(), judgement())
    return directory


def test_every_promised_file_is_there(written: Path) -> None:
    names = {p.relative_to(written).as_posix() for p in written.rglob("*") if p.is_file()}

    assert names == {
        "summary.json", "report.html", "journal.ndjson.gz", "nodes/node1.json", "nodes/node2.json",
        "interconnect.csv", "junit.xml", "ctrf.json", "summary.md", "metrics.txt",
        "sonobuoy_results.yaml", "SHA256SUMS",
    }  # fmt: skip


def test_summary_has_the_judgement_and_the_schema_version(written: Path) -> None:
    summary = json.loads((written / "summary.json").read_text())

    assert summary["schema_version"] == 1
    assert summary["verdict"] == "fail"
    assert summary["verdicts"] == judgement().model_dump(mode="json")["verdicts"]
    assert summary["facts"]["server_version"] == "v1.37.0"


def test_journal_is_given_back_as_it_was(written: Path) -> None:
    assert replay(written / "journal.ndjson.gz").entries == entries()


def test_coreutils_agree_with_the_sums(written: Path) -> None:
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=written, check=True)


def test_same_journal_gives_the_same_bytes(written: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    write_results(again, entries(), judgement())

    for path in written.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (again / path.relative_to(written)).read_bytes()


def test_live_journal_is_neither_summed_nor_missed(written: Path) -> None:
    """The coordinator goes on writing it while the results are made."""
    (written / "journal.ndjson").write_text("still growing\n")

    write_results(written, entries(), judgement())
    (written / "journal.ndjson").write_text("grown\n")

    verify(written)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda d: (d / "summary.json").write_text("{}"), "summary.json was changed"),
        (lambda d: (d / "junit.xml").unlink(), "junit.xml is missing"),
        (lambda d: (d / "extra").write_text("x"), "extra is not listed"),
        (lambda d: (d / "SHA256SUMS").unlink(), "SHA256SUMS"),
    ],
)
def test_every_difference_to_the_sums_is_named(written: Path, damage: object, told: str) -> None:
    damage(written)  # type: ignore[operator]  # parametrised lambda

    with pytest.raises(ResultsError, match=told):
        verify(written)


def test_full_disk_keeps_what_was_there_and_says_what_to_do(tmp_path: Path) -> None:
    target = tmp_path / "summary.json"
    target.write_text("old")

    def chunks() -> Iterator[bytes]:
        yield b"new"
        raise OSError(28, "No space left on device")

    with pytest.raises(ResultsError, match=r"No space left on device.*results\.size"):
        write_file(target, chunks())

    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_node_names_with_separators_stay_inside(tmp_path: Path) -> None:
    """A name may hold slashes and dots; it never leads out of nodes/."""
    names = ("a/../../../x", "b:c")
    write_results(tmp_path / "demo", entries(nodes=names), judgement())

    found = {p.name for p in (tmp_path / "demo" / "nodes").iterdir()}
    assert found == {"a%2F..%2F..%2F..%2Fx.json", "b%3Ac.json"}
    assert [p.name for p in tmp_path.iterdir()] == ["demo"]


def test_gzip_header_bears_no_time(written: Path) -> None:
    data = (written / "journal.ndjson.gz").read_bytes()

    assert data[4:8] == b"\0\0\0\0"
    assert gzip.decompress(data).count(b"\n") == len(entries())

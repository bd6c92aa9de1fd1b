"""A tarball from elsewhere: packed the same each time, unpacked without trust."""

import gzip
import io
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiconform.model.errors import AiconformError, ResultsError
from aiconform.report import archive, load_results, unpack, verify, write_results
from aiconform.report.archive import Bounds, extract
from tests.report.sample import entries, judgement


@pytest.fixture
def tarball(tmp_path: Path) -> Path:
    directory = tmp_path / "results" / "demo"
    write_results(directory, entries(), judgement())
    archive(directory, tmp_path / "demo.tar.gz")
    return tmp_path / "demo.tar.gz"


def tar(path: Path, *members: tarfile.TarInfo, content: bytes = b"") -> Path:
    with tarfile.open(path, "w:gz") as out:
        for member in members:
            out.addfile(member, io.BytesIO(content))
    return path


def member(
    name: str, *, size: int = 0, kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = size, kind, link
    return info


def test_tarball_is_the_same_for_the_same_results(tarball: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.tar.gz"

    first = archive(tmp_path / "results" / "demo", again)

    assert again.read_bytes() == tarball.read_bytes()
    assert len(first) == 64


def test_unpacked_results_hold_to_their_sums_and_give_the_journal_back(
    tarball: Path, tmp_path: Path
) -> None:
    directory = unpack(tarball, tmp_path / "out")

    verify(directory)
    assert directory == tmp_path / "out" / "demo"
    assert load_results(directory).entries == entries()
    assert load_results(tarball).entries == entries()


def test_unpacking_again_replaces_and_leaves_no_scratch(tarball: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "demo").mkdir(parents=True)
    (tmp_path / "out" / "demo" / "stale").write_text("x")

    unpack(tarball, tmp_path / "out")

    assert [p.name for p in (tmp_path / "out").iterdir()] == ["demo"]
    assert not (tmp_path / "out" / "demo" / "stale").exists()


@pytest.mark.parametrize(
    "hostile",
    [
        [member("../evil")],
        [member("/etc/evil")],
        [member("demo/../../evil")],
        [member("demo/link", kind=tarfile.SYMTYPE, link="/etc/passwd")],
        [member("demo/link", kind=tarfile.LNKTYPE, link="../../x")],
        [member("demo/dev", kind=tarfile.CHRTYPE)],
        [member("demo/fifo", kind=tarfile.FIFOTYPE)],
        [member("demo/a"), member("demo/a")],
        [member("demo/a\nb")],
        [member("demo\\..\\x")],
        [member("demo/" + "d/" * 20 + "x")],
        [member("demo/a"), member("demo/a/b")],
        [member("one/a"), member("two/b")],
        [],
    ],
)
def test_hostile_archive_is_refused_and_leaves_nothing(
    hostile: Sequence[tarfile.TarInfo], tmp_path: Path
) -> None:
    out = tmp_path / "deep" / "out"

    with pytest.raises(ResultsError):
        unpack(tar(tmp_path / "x.tar.gz", *hostile), out)

    assert list(out.iterdir()) == []
    assert {p.name for p in tmp_path.rglob("*")} == {"deep", "out", "x.tar.gz"}


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    path = tar(tmp_path / "x.tar.gz", *(member(f"demo/{i}") for i in range(11)))

    with pytest.raises(ResultsError, match="more than the limit"):
        unpack(path, tmp_path / "out", bounds=Bounds(members=10))


def test_bomb_stops_at_the_limit_whatever_its_headers_say(tmp_path: Path) -> None:
    path = tmp_path / "bomb.tar.gz"
    with gzip.open(path, "wb") as out:
        out.write(member("demo/a", size=10).tobuf())
        out.write(bytes(5_000_000))

    with pytest.raises(ResultsError, match=r"limit|exactly one run"):
        unpack(path, tmp_path / "out", bounds=Bounds(members=1, total_bytes=1000))
    big = tar(tmp_path / "big.tar.gz", member("demo/a", size=5000), content=bytes(5000))
    with pytest.raises(ResultsError, match="more than the limit"):
        unpack(big, tmp_path / "out", bounds=Bounds(members=1, total_bytes=1000))


def test_giant_header_is_not_read_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    header = member("././@PaxHeader", size=1 << 30, kind=tarfile.XHDTYPE).tobuf()
    path.write_bytes(header + bytes(1024))

    with pytest.raises(ResultsError, match="too long"):
        unpack(path, tmp_path / "out")


@pytest.mark.parametrize(
    "cut", [lambda data: data[: len(data) // 2], lambda data: data[:1], lambda data: b"x" + data]
)
def test_damaged_tarball_is_said_to_be_damaged(
    tarball: Path, tmp_path: Path, cut: Callable[[bytes], bytes]
) -> None:
    tarball.write_bytes(cut(tarball.read_bytes()))

    with pytest.raises(ResultsError):
        unpack(tarball, tmp_path / "out")


def test_damaged_journal_line_is_left_out_and_reported(tmp_path: Path) -> None:
    directory = tmp_path / "demo"
    write_results(directory, entries(), judgement())
    journal = directory / "journal.ndjson.gz"
    lines = gzip.decompress(journal.read_bytes()).splitlines(keepends=True)
    lines[3] = lines[3].replace(b"cpu-0", b"cpu-1")
    journal.write_bytes(gzip.compress(b"".join(lines) + b'{"n":'))

    results = load_results(directory)

    assert len(results.entries) == len(entries()) - 1
    assert "line 4: checksum does not match" in results.damage[0]
    assert "torn" in results.damage[1]


def test_journal_alone_is_enough(tmp_path: Path) -> None:
    write_results(tmp_path / "demo", entries(), judgement())

    results = load_results(tmp_path / "demo" / "journal.ndjson.gz")

    assert (results.run, results.entries, results.damage) == ("demo", entries(), ())


@pytest.mark.parametrize("content", [b"", b"hello\n", b'{"n":0}\n', b"\x1f\x8b\x08junk"])
def test_file_that_is_no_results_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)

    with pytest.raises(ResultsError):
        load_results(path)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="nowhere does not exist"):
        load_results(tmp_path / "nowhere")


@given(st.binary(max_size=3000))
def test_any_bytes_are_refused_with_our_own_error(data: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as into, pytest.raises(AiconformError):
        extract(io.BytesIO(data + b"x"), Path(into))

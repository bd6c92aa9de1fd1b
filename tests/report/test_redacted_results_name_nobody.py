"""Redaction: no name is left anywhere, everything measured stays, and two runs still compare."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from aiconform.cli.redact import redact
from aiconform.judge import judge
from aiconform.model.errors import ConfigError
from aiconform.model.verdict import RunVerdict
from aiconform.report import load_results, unpack, verify, write_results
from aiconform.report.diff import compare
from aiconform.report.redact import read_key, redacted, replacer
from tests.support.journals import Faults, run_journal, with_waivers

KEY, OTHER = bytes(32), bytes(range(32))


def test_no_name_and_no_address_is_left(tmp_path: Path) -> None:
    entries = run_journal(Faults(slow={("node2", "send"): 1.0}))
    write_results(tmp_path / "test-run", entries, judge(entries))
    evidence = tmp_path / "test-run" / "checks" / "gang_scheduling" / "logs" / "node1.log"
    evidence.parent.mkdir(parents=True)
    evidence.write_text("pod on node1 (10.0.0.1, fe80::1, 02:42:ac:11:00:02) at 12:34:56\n")
    out = tmp_path / "shown.tar.gz"

    ended = CliRunner().invoke(
        redact,
        [str(tmp_path / "test-run"), "-o", str(out), "--key", str(tmp_path / "key")],
        standalone_mode=False,
    )

    assert ended.return_value == 0
    directory = unpack(out, tmp_path / "shown")
    verify(directory)
    for path in directory.rglob("*"):
        text = path.read_bytes() if path.is_file() and path.suffix != ".gz" else b""
        for name in (b"node1", b"node2", b"agent-node", b"10.0.0.1", b"fe80::1", b"02:42:ac"):
            assert name not in text, path
            assert name.decode() not in path.name
    (log,) = (directory / "checks").rglob("*.log")
    assert log.read_text().endswith("at 12:34:56\n")


def test_verdicts_and_figures_stay_the_same() -> None:
    entries = run_journal(Faults(slow={("node2", "send"): 1.0}, corrupt={"node3": True}))

    before = judge(entries)
    after = judge(redacted(entries, replacer(entries, KEY)))

    assert after.verdict is before.verdict
    assert sorted(f.code for f in after.findings) == sorted(f.code for f in before.findings)
    assert sorted(str(v.figures) for v in after.verdicts) == sorted(
        str(v.figures) for v in before.verdicts
    )


def test_two_redacted_runs_compare() -> None:
    first, second = run_journal(seed=1), run_journal(Faults(slow={("node2", "send"): 1.0}), seed=2)
    shown = [redacted(each, replacer(each, KEY)) for each in (first, second)]

    found = compare(*(judge(each) for each in shown))

    token = replacer(first, KEY)("node2")
    assert [change.name for change in found.changes] == [f"{token} sending"]


def test_tokens_depend_on_name_and_key_alone() -> None:
    one, more = run_journal(nodes=4), run_journal(nodes=9, seed=3)

    assert replacer(one, KEY)("node3") == replacer(more, KEY)("node3")
    assert replacer(one, KEY)("node3") != replacer(one, OTHER)("node3")
    assert replacer(one, KEY)("node3") != replacer(one, KEY)("node4")


@pytest.mark.parametrize(
    "text", ["node2:8443 refused", "to node2.", "node2/gpu0", "(node2)", "node2.example.com"]
)
def test_name_is_found_in_its_surroundings(text: str) -> None:
    assert "node2" not in replacer(run_journal(), KEY)(text)


@pytest.mark.parametrize("text", ["node22", "my-node2", "at 10:31:07", "1.37.2", "7.04 Gbit/s"])
def test_what_is_no_name_stays(text: str) -> None:
    assert replacer(run_journal(), KEY)(text) == text


@given(st.text())
def test_any_text_is_taken_and_taken_once(text: str) -> None:
    replace = replacer(run_journal(nodes=2, tcp=False), KEY)

    assert replace(replace(text)) == replace(text)


def test_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    made = read_key(tmp_path / "key")

    assert read_key(tmp_path / "key") == made
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    (tmp_path / "bad").write_text("zz")
    with pytest.raises(ConfigError, match="no key"):
        read_key(tmp_path / "bad")


def test_redacted_results_are_read_back(tmp_path: Path) -> None:
    entries = run_journal()
    again = redacted(entries, replacer(entries, KEY))
    write_results(tmp_path / "test-run", again, judge(again))

    assert load_results(tmp_path / "test-run").entries == again


@pytest.mark.parametrize("scope", ["node2 sending", "'node2 *'", "'*'"])
def test_what_is_waived_stays_waived(scope: str) -> None:
    text = f"- {{id: AIC-NET-001, scope: {scope}, reason: node2, owner: o, expiry: 2999-01-01}}"
    plain = with_waivers(run_journal(Faults(slow={("node2", "send"): 1.0})), text)

    told = judge(redacted(plain, replacer(plain, KEY)))

    assert told.counted is judge(plain).counted is RunVerdict.PASS_WITH_WARNINGS
    assert "node2" not in told.model_dump_json()

"""interconnect.csv: a row for each direction of each pair, also of those that did not run."""

import csv
import io

from aiconform.model.records import Entry, PairNotRun, RoundClosed, RoundOpened
from aiconform.report.interconnect import interconnect_csv
from aiconform.report.story import tell
from tests.report.sample import entries


def rows(found: tuple[Entry, ...]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(interconnect_csv(tell(found)))))


def test_each_direction_has_its_rate_and_the_latency() -> None:
    found = rows(entries())

    told = [(r["sender"], r["receiver"], r["gbit_per_s"], r["latency_p99_us"]) for r in found]
    assert told == [("node1", "node2", "0.3", "80.0"), ("node2", "node1", "9.4", "80.0")]


def test_pair_that_did_not_run_has_its_reason_and_no_figure() -> None:
    last = entries()[-1]
    not_run = PairNotRun(pair=("node1", "node2"), reason="NodeLost", sentence="=cmd()")
    more = (
        RoundOpened(round=2, purpose="confirm", pairs=(("node1", "node2"),)),
        RoundClosed(round=2, not_run=(not_run,)),
    )
    added = tuple(Entry(n=last.n + i, at=last.at, record=r) for i, r in enumerate(more, start=1))

    found = [row for row in rows((*entries(), *added)) if row["round"] == "2"]

    assert [row["outcome"] for row in found] == ["not_run", "not_run"]
    assert {row["reason"] for row in found} == {"NodeLost: =cmd()"}
    assert {row["gbit_per_s"] for row in found} == {""}

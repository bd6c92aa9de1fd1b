"""The results directory of a run, from its journal and the judgement of it."""

import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from aiconform.journal import dump, no_cycles
from aiconform.model.records import Entry
from aiconform.model.verdict import Judgement
from aiconform.report.ctrf import ctrf
from aiconform.report.evidence import write_evidence
from aiconform.report.files import write_file, write_sums
from aiconform.report.interconnect import interconnect_csv
from aiconform.report.items import Telling
from aiconform.report.junit import junit
from aiconform.report.markdown import markdown
from aiconform.report.nodes import node_files
from aiconform.report.openmetrics import openmetrics
from aiconform.report.page import page
from aiconform.report.requirement import write_requirement
from aiconform.report.sonobuoy import FILE as SONOBUOY
from aiconform.report.sonobuoy import sonobuoy
from aiconform.report.summary import summary_lines

_LEVEL = 6  # 9 takes three times as long for a few percent
_BATCH_LINES = 256  # a call for each takes as long as the packing
_GZIP = 16 + zlib.MAX_WBITS


@no_cycles()
def write_results(directory: Path, entries: Sequence[Entry], judgement: Judgement) -> None:
    """
    Write everything that a run's results consist of, the most important first.

    Raises:
        ResultsError: The volume is full or cannot be written. What was written before stays.
    """
    telling = Telling.of(entries, judgement)
    story = telling.story
    write_file(directory / "journal.ndjson.gz", _journal(entries))
    write_file(directory / "summary.json", summary_lines(story, judgement))
    write_evidence(directory, entries, judgement.requirements)
    for verdict in judgement.requirements:
        write_requirement(directory, verdict)
    write_file(directory / "junit.xml", junit(telling))
    write_file(directory / "ctrf.json", ctrf(telling))
    write_file(directory / "summary.md", [markdown(telling)])
    write_file(directory / "metrics.txt", openmetrics(telling))
    write_file(directory / SONOBUOY, [sonobuoy(telling)])
    write_file(directory / "interconnect.csv", [interconnect_csv(story).encode()])
    for name, lines in node_files(story, judgement):
        # A sync for each of thousands takes longer than all else; the journal makes them again.
        write_file(directory / "nodes" / name, lines, sync=False)
    write_file(directory / "report.html", [page(story, judgement).encode()])
    write_sums(directory)


def _journal(entries: Sequence[Entry]) -> Iterator[bytes]:
    # zlib writes no time into the header: the same journal gives the same file.
    packing = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    for lines in _batched(dump(entries), _BATCH_LINES):
        yield packing.compress(b"".join(lines))
    yield packing.flush()


def _batched(lines: Iterator[bytes], count: int) -> Iterator[list[bytes]]:
    while batch := list(islice(lines, count)):
        yield batch

"""The results directory of a run, from its journal and the judgement of it."""

import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from aiconform.journal import dump
from aiconform.model.records import Entry
from aiconform.model.verdict import Judgement
from aiconform.report.ctrf import ctrf
from aiconform.report.evidence import write_evidence
from aiconform.report.files import write_file, write_sums
from aiconform.report.interconnect import interconnect_csv
from aiconform.report.junit import junit
from aiconform.report.markdown import markdown
from aiconform.report.nodes import node_files
from aiconform.report.openmetrics import openmetrics
from aiconform.report.page import page
from aiconform.report.requirement import write_requirement
from aiconform.report.sonobuoy import FILE as SONOBUOY
from aiconform.report.sonobuoy import sonobuoy
from aiconform.report.story import tell
from aiconform.report.summary import summary_lines

_LEVEL = 6  # 9 takes three times as long for a few percent
_GZIP = 16 + zlib.MAX_WBITS


def write_results(directory: Path, entries: Sequence[Entry], judgement: Judgement) -> None:
    """
    Write everything that a run's results consist of, the most important first.

    Raises:
        ResultsError: The volume is full or cannot be written. What was written before stays.
    """
    story = tell(entries)
    write_file(directory / "journal.ndjson.gz", _journal(entries))
    write_file(directory / "summary.json", summary_lines(entries, judgement))
    write_evidence(directory, entries, judgement.requirements)
    for verdict in judgement.requirements:
        write_requirement(directory, verdict)
    write_file(directory / "junit.xml", [junit(entries, judgement)])
    write_file(directory / "ctrf.json", [ctrf(entries, judgement)])
    write_file(directory / "summary.md", [markdown(entries, judgement)])
    write_file(directory / "metrics.txt", [openmetrics(entries, judgement)])
    write_file(directory / SONOBUOY, [sonobuoy(judgement)])
    write_file(directory / "interconnect.csv", [interconnect_csv(story).encode()])
    for name, lines in node_files(story, judgement):
        # A sync for each of thousands takes longer than all else; the journal makes them again.
        write_file(directory / "nodes" / name, lines, sync=False)
    write_file(directory / "report.html", [page(story, judgement).encode()])
    write_sums(directory)


def _journal(entries: Sequence[Entry]) -> Iterator[bytes]:
    # zlib writes no time into the header: the same journal gives the same file.
    packing = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    for line in dump(entries):
        yield packing.compress(line)
    yield packing.flush()

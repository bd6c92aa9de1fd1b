"""The report's process: `python -m bench.agents.reporting JOURNAL FOLDER`; prints its figures."""

import json
import sys
import time
from itertools import pairwise
from pathlib import Path

from aiconform.report.again import judge_again
from aiconform.report.archive import archive
from aiconform.report.load import load_results
from aiconform.report.write import write_results
from bench.agents.memory import peak_bytes


def main(journal: Path, folder: Path) -> None:
    marks = [time.monotonic()]
    results = load_results(journal)
    marks.append(time.monotonic())
    judgement = judge_again(results)
    marks.append(time.monotonic())
    write_results(folder / results.run, results.entries, judgement)
    marks.append(time.monotonic())
    tarball = folder / f"{results.run}.tar.gz"
    archive(folder / results.run, tarball)
    marks.append(time.monotonic())
    took = [after - before for before, after in pairwise(marks)]
    parts = dict(zip(("load", "judge", "write", "archive"), took, strict=True))
    figures = {
        "seconds": marks[-1] - marks[0],
        "cpu_s": time.process_time(),
        "parts_s": parts,
        "peak_bytes": peak_bytes(),
        "tarball_bytes": tarball.stat().st_size,
        "page_bytes": (folder / results.run / "report.html").stat().st_size,
        "verdict": judgement.verdict.value,
        "sentence": judgement.sentence,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

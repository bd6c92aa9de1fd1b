"""
metrics.txt: the run's verdicts and figures as OpenMetrics text, for a textfile collector or a push.

Every sample is stamped with the end of the run, so that reading it late does not move it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from aiconform.model.verdict import Figure, Outcome, RunVerdict
from aiconform.report.items import Item, Telling
from aiconform.report.scrub import printable

Labels = dict[str, str]


def openmetrics(telling: Telling) -> Iterator[bytes]:
    """Line by line."""
    return (f"{line}\n".encode() for line in _lines(telling))


def _lines(telling: Telling) -> Iterator[str]:
    found, ended = telling.items, telling.story.finished_at
    stamp = "" if ended is None else f" {ended:.3f}"
    run = {"run": telling.judgement.run}
    yield "# TYPE aiconform_run_verdict stateset"
    yield "# HELP aiconform_run_verdict The run in one word."
    for each in RunVerdict:
        labels = run | {"aiconform_run_verdict": each.value}
        value = float(each is telling.judgement.verdict)
        yield _sample("aiconform_run_verdict", labels, value, stamp)
    yield "# TYPE aiconform_items gauge"
    yield "# HELP aiconform_items How many items came out so."
    yield from _counts(found, run, stamp)
    yield "# TYPE aiconform_item_outcome gauge"
    yield "# HELP aiconform_item_outcome 1 for the outcome that an item has."
    for item in found:
        yield _sample("aiconform_item_outcome", run | _outcome(item), 1.0, stamp)
    yield "# TYPE aiconform_figure gauge"
    yield "# HELP aiconform_figure What was measured, in the unit that the label names."
    yield from _figures(found, run, stamp)
    yield "# EOF"


def _counts(found: Sequence[Item], run: Labels, stamp: str) -> Iterator[str]:
    counts = Counter((item.suite, item.outcome) for item in found)
    for suite in dict.fromkeys(item.suite for item in found):
        for outcome in Outcome:
            labels = run | {"item": suite, "outcome": outcome.value}
            yield _sample("aiconform_items", labels, float(counts[suite, outcome]), stamp)


def _outcome(item: Item) -> Labels:
    return {
        "item": item.suite,
        "name": item.name,
        "outcome": item.outcome.value,
        "required": str(item.required).lower(),
        "waived": str(item.waived is not None).lower(),
    }


def _figures(found: Iterable[Item], run: Labels, stamp: str) -> Iterator[str]:
    for item in found:
        told: set[tuple[str, str]] = set()
        for figure in item.figures:
            # The same metric twice, of several classes on one device: the first is the one judged.
            if (figure.metric, figure.unit) not in told:
                told.add((figure.metric, figure.unit))
                labels = run | _place(item) | _measure(figure)
                yield _sample("aiconform_figure", labels, figure.value, stamp)


def _place(item: Item) -> Labels:
    subject = item.subject
    parts = {
        "node": subject.node, "device": subject.device, "peer": subject.peer,
        "direction": subject.direction,
    }  # fmt: skip
    return {"item": item.suite} | {name: value for name, value in parts.items() if value}


def _measure(figure: Figure) -> Labels:
    return {"metric": figure.metric, "unit": figure.unit}


def _sample(name: str, labels: Labels, value: float, stamp: str) -> str:
    told = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    return f"{name}{{{told}}} {value:.17g}{stamp}"


@lru_cache(maxsize=1024)  # most labels are those of the last samples, too
def _escaped(text: str) -> str:
    return printable(text).replace("\\", "\\\\").replace('"', '\\"')

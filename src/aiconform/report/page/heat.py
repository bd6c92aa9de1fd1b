"""
Rates between nodes as a map: who sends to whom how fast, against the run's median.

Few nodes: a matrix of shapes. Many: an image, and each node's own median for sending and receiving.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from aiconform.model.verdict import Judgement, Outcome, Verdict, worst
from aiconform.report.page.grid import Cells, cells
from aiconform.report.page.marks import SIGNS
from aiconform.report.page.png import Colour, data_url
from aiconform.report.rows import figure_text

NUMBER_NODES = 16  # up to here each cell has its figure
MATRIX_NODES = 48  # up to here each cell has its sign; above, an image
IMAGE_PIXELS = 256

# Lower ends of the steps, as a share of the median. Read with the legend.
STEPS = (0.0, 0.5, 0.8, 0.9, 0.97, 1.03)
STEP_NAMES = ("below 50 %", "50–80 %", "80–90 %", "90–97 %", "97–103 %", "above 103 %")
# For light and dark paper; colour-blind people tell orange, grey and blue apart.
_PALETTE: tuple[Colour, ...] = (
    (0, 0, 0, 0),
    (166, 54, 3, 255),
    (230, 97, 1, 255),
    (253, 174, 97, 255),
    (178, 190, 200, 255),
    (94, 145, 190, 255),
    (33, 82, 140, 255),
)


@dataclass(frozen=True)
class HeatCell:
    """`css` empty: not met, or the node itself."""

    css: str
    text: str
    sign: str
    outcome: str
    told: str


@dataclass(frozen=True)
class Heat:
    median_text: str
    link_count: int
    node_count: int
    nodes: tuple[str, ...]  # of the matrix; empty when there is an image
    matrix: tuple[tuple[HeatCell, ...], ...]
    image: str
    image_told: str
    sending: Cells | None
    receiving: Cells | None


def heat(judgement: Judgement) -> Heat | None:
    """None: no rate between nodes was measured."""
    links = {
        (v.subject.node, v.subject.peer): v
        for v in judgement.verdicts
        if v.item == "tcp.rate" and v.subject.node and v.subject.peer
    }
    measured = [v.figures[0].value for v in links.values() if v.figures]
    if not measured:
        return None
    middle = median(measured)
    nodes = tuple(sorted({node for pair in links for node in pair}))
    small = len(nodes) <= MATRIX_NODES
    sample = next(v.figures[0] for v in links.values() if v.figures)
    return Heat(
        median_text=figure_text(sample.model_copy(update={"value": middle})),
        link_count=len(measured),
        node_count=len(nodes),
        nodes=nodes if small else (),
        matrix=_matrix(nodes, links, middle) if small else (),
        image="" if small else _image(nodes, links, middle),
        image_told=_image_told(nodes),
        sending=None if small else _own(nodes, links, middle, end=0),
        receiving=None if small else _own(nodes, links, middle, end=1),
    )


def step(share: float) -> int:
    """The index of the step that a share of the median falls in."""
    return max(i for i, low in enumerate(STEPS) if share >= low)


def _matrix(
    nodes: Sequence[str], links: Mapping[tuple[str, str], Verdict], middle: float
) -> tuple[tuple[HeatCell, ...], ...]:
    wide = len(nodes) <= NUMBER_NODES
    return tuple(
        tuple(_cell(a, b, links.get((a, b)), middle, wide=wide) for b in nodes) for a in nodes
    )


def _cell(a: str, b: str, verdict: Verdict | None, middle: float, *, wide: bool) -> HeatCell:
    if a == b:
        return HeatCell("", "", "", "", "")
    if verdict is None:
        return HeatCell("", "", "·", "", f"{a} → {b}: not met")
    sign = "" if verdict.outcome is Outcome.PASS else SIGNS[verdict.outcome]
    if not verdict.figures:
        told = f"{a} → {b}: not measured, {verdict.outcome}"
        return HeatCell("", "", sign, verdict.outcome.value, told)
    figure = verdict.figures[0]
    told = f"{a} → {b}: {figure_text(figure)}, {verdict.outcome}"
    css = f"h{step(figure.value / middle)}"
    return HeatCell(css, f"{figure.value:.3g}" if wide else "", sign, verdict.outcome.value, told)


def _image(nodes: Sequence[str], links: Mapping[tuple[str, str], Verdict], middle: float) -> str:
    """The lowest rate of each pixel. Pairs that did not meet stay clear."""
    fold = -(-len(nodes) // IMAGE_PIXELS)
    size = -(-len(nodes) // fold)
    at = {node: i // fold for i, node in enumerate(nodes)}
    pixels = [bytearray(size) for _ in range(size)]
    for (a, b), verdict in links.items():
        if verdict.figures:
            colour = step(verdict.figures[0].value / middle) + 1
            seen = pixels[at[a]][at[b]]
            pixels[at[a]][at[b]] = min(seen, colour) if seen else colour
    return data_url([bytes(row) for row in pixels], _PALETTE)


def _image_told(nodes: Sequence[str]) -> str:
    fold = -(-len(nodes) // IMAGE_PIXELS)
    if fold == 1:
        return "Each pixel is one link"
    return f"Each pixel is {fold} by {fold} nodes and shows the slowest link among them"


def _own(
    nodes: Sequence[str], links: Mapping[tuple[str, str], Verdict], middle: float, *, end: int
) -> Cells:
    """Each node's median over its partners, as a sender (`end` 0) or a receiver (1)."""
    rates: dict[str, list[float]] = defaultdict(list)
    outcomes: dict[str, list[Outcome]] = defaultdict(list)
    for pair, verdict in links.items():
        outcomes[pair[end]].append(verdict.outcome)
        if verdict.figures:
            rates[pair[end]].append(verdict.figures[0].value)
    kinds = [
        (f"h{step(median(rates[node]) / middle)}" if rates[node] else "h-none",
         _sign_of(outcomes[node]))
        for node in nodes
    ]  # fmt: skip
    slow = sum(bool(rates[node]) and median(rates[node]) < 0.9 * middle for node in nodes)
    doing = ("sending", "receiving")[end]
    label = f"{len(nodes)} nodes {doing}; {slow} of them below 90 % of the run's median"
    return cells(nodes, kinds, label)


def _sign_of(outcomes: Sequence[Outcome]) -> Outcome | None:
    """A cross for a node of which most links fail in this direction; one alone is no mark."""
    failing = sum(outcome is Outcome.FAIL for outcome in outcomes)
    return worst(outcomes) if failing * 2 > len(outcomes) else None

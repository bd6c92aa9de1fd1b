"""Tables of verdicts: nodes, what each did alone, links, and the cluster as a whole."""

from aiconform.model.verdict import Judgement
from aiconform.report import rows
from aiconform.report.items import with_waiver
from aiconform.report.page.tables import FIGURES, VERDICT, WHY, Column, Table
from aiconform.report.rows import Row

NODE = Column("Node", "node")


def node_table(judgement: Judgement) -> Table:
    cells = [(r.outcome.value, r.name, r.sentence) for r in rows.node_rows(judgement)]
    return Table("nodes", "Nodes, worst first", (VERDICT, NODE, WHY), cells)


def device_table(judgement: Judgement) -> Table:
    """The node has a column of its own, so that its details can be found."""
    ranked = []
    for verdict in judgement.verdicts:
        subject = verdict.subject
        if subject.node and not subject.peer and verdict.item != "node":
            figures = ", ".join(rows.figure_text(f) for f in verdict.figures)
            against = "; ".join(
                dict.fromkeys(f.compared_with for f in verdict.figures if f.compared_with)
            )
            row = Row(verdict.outcome, str(subject), figures, verdict.sentence, verdict.required)
            cells = (row.outcome.value, subject.node, subject.device or "", verdict.item, figures,
                     against, with_waiver(verdict.sentence, verdict.waived))  # fmt: skip
            ranked.append((row.rank, verdict.item, cells))
    columns = (
        VERDICT, NODE, Column("Device"), Column("Exercise"), FIGURES, Column("Against"), WHY,
    )  # fmt: skip
    ordered = [cells for *_, cells in sorted(ranked)]
    return Table("devices", "Devices, memory and inventory, worst first", columns, ordered)


def link_table(judgement: Judgement) -> Table:
    columns = (VERDICT, NODE, NODE, FIGURES, WHY)
    cells = [
        (r.outcome.value, *r.name.split(" – ", 1), r.figures, r.sentence)
        for r in rows.link_rows(judgement)
    ]
    caption = "Pairs of nodes, worst first: → from the first to the second, ← back, then latency"
    return Table("links", caption, columns, cells)


def run_table(judgement: Judgement) -> Table:
    cells = [(r.outcome.value, r.name, r.figures, r.sentence) for r in rows.run_rows(judgement)]
    return Table("run", "The cluster as a whole", (VERDICT, Column("What"), FIGURES, WHY), cells)

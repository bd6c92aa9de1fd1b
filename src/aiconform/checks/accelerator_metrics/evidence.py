"""What a reviewer reads: figures as a table, the series that count, and the names used (pure)."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import yaml

from aiconform.checks.accelerator_metrics.figures import Page, without_tenants
from aiconform.checks.accelerator_metrics.names import Exporter

MOST_SCRAPES = 20  # pages kept; the figures of all nodes are in the table
_COLUMNS = ("node", "what", "exporter", "device", "quantity", "first", "second")


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """One line for each device and quantity, in base units."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in rows:
        first, second = (each["devices"] for each in row["scrapes"])
        for device in sorted({*first, *second}):
            told = first.get(device, {}), second.get(device, {})
            for quantity in sorted({*told[0], *told[1]}):
                values = [each.get(quantity) for each in told]
                writer.writerow([row["node"], row["what"], row["exporter"], device, quantity,
                                 *values])  # fmt: skip
    return out.getvalue()


def as_page(page: Page, *, ours: str) -> str:
    return "".join(f"{without_tenants(sample, ours=ours)}\n" for sample in page.samples)


def mapping_used(exporters: Iterable[Exporter]) -> str:
    """The rows of the table of names that were used."""
    used = {exporter.id: asdict(exporter)["metrics"] for exporter in exporters}
    plain = {
        name: [{key: _plain(value) for key, value in row.items() if value} for row in rows]
        for name, rows in sorted(used.items())
    }
    return yaml.safe_dump(plain, sort_keys=False)


def _plain(value: Any) -> Any:
    return {key: list(each) for key, each in value.items()} if isinstance(value, dict) else value

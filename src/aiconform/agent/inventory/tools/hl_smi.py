"""`hl-smi -Q … -f csv,noheader`: one line a Gaudi, in the order of the fields asked for."""

import csv
import io
from typing import Any

from aiconform.agent.inventory.tools.words import bus_address, known, whole

_FIELDS = (
    "bus_id", "name", "uuid", "driver_version", "memory.total", "temperature.aip", "power.draw",
    "clocks.current.soc", "ecc.errors.uncorrected.aggregate.total",
    "ecc.errors.corrected.aggregate.total",
)  # fmt: skip
COMMAND = ("hl-smi", "-Q", ",".join(_FIELDS), "-f", "csv,noheader,nounits")
MIB = 1024 * 1024


def parse(printed: str) -> "dict[str, dict[str, Any]]":
    """Lines of another shape are left out."""
    found = {}
    for line in csv.reader(io.StringIO(printed.replace("\0", "")), skipinitialspace=True):
        if len(line) != len(_FIELDS):
            continue
        row = dict(zip(_FIELDS, (cell.strip() for cell in line), strict=True))
        address = bus_address(row["bus_id"])
        if address is not None:
            found[address] = known(_facts(row))
    return found


def _facts(row: "dict[str, str]") -> "dict[str, Any]":
    memory = whole(row["memory.total"])
    return {
        "product": row["name"] or None,
        "identity": row["uuid"] or None,
        "memory_bytes": memory * MIB if memory else None,
        "uncorrected_errors_count": whole(row["ecc.errors.uncorrected.aggregate.total"]),
        "corrected_errors_count": whole(row["ecc.errors.corrected.aggregate.total"]),
        "details": known(
            {
                "temperature_celsius": whole(row["temperature.aip"]),
                "power_watts": whole(row["power.draw"]),
                "clk_cur_freq_mhz": whole(row["clocks.current.soc"]),
                "driver": row["driver_version"],
            }
        ),
    }

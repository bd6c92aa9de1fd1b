"""What changed between two runs, by requirement, node, device and link, beyond their noise."""

from aiconform.report.diff.change import Change, Comparison, Kind, Shift, Trend
from aiconform.report.diff.compare import compare

__all__ = ["Change", "Comparison", "Kind", "Shift", "Trend", "compare"]

"""Names that a run is given when nobody gives one."""

from datetime import datetime


def run_name(now: float) -> str:
    """`run-20270114-101500`, in local time: it is for the person who types."""
    return datetime.fromtimestamp(now).astimezone().strftime("run-%Y%m%d-%H%M%S")

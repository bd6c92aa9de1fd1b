"""Times as a reader wants them."""

import datetime


def moment(at: float | None) -> str:
    """Unix seconds as UTC."""
    if at is None:
        return "an unknown time"
    try:
        told = datetime.datetime.fromtimestamp(at, tz=datetime.UTC)
    except (OverflowError, ValueError, OSError):
        return f"{at:.0f} s"
    return told.strftime("%Y-%m-%d %H:%M:%S UTC")


def duration(seconds: float | None) -> str:
    """`3 h 12 min`, `4 min 5 s`, `12.3 s`; empty when unknown."""
    if seconds is None:
        return ""
    if seconds < 0.01:
        return "<0.01 s"
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest_s = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest_s} s"

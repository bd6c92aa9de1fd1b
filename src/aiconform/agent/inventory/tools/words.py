"""How tools write addresses, numbers and yes or no."""

import re
from typing import Any


def bus_address(words: str) -> "str | None":
    """`00000000:1B:00.0` and `1b:00.0` are both 0000:1b:00.0."""
    found = re.fullmatch(
        r"(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])", words.strip().lower()
    )
    if found is None:
        return None
    domain, bus, device, function = found.groups()
    return f"{(domain or '0000')[-4:]}:{bus}:{device}.{function}"


def whole(value: object) -> "int | None":
    """3 of `3`, `3 MiB`, 3 and 3.0; None of `N/A`."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return int(value) if value == value and abs(value) < 2**62 else None
    found = re.match(r"\s*(-?\d{1,18})(?:\.\d+)?(?:\s|$)", str(value))
    return int(found.group(1)) if found else None


def yes(value: object) -> "bool | None":
    """True of `Yes`, False of `No`, None of `N/A`."""
    return {"yes": True, "true": True, "no": False, "false": False}.get(str(value).strip().lower())


def known(fields: "dict[str, Any]") -> "dict[str, Any]":
    """Without what the tool does not know."""
    return {name: value for name, value in fields.items() if value not in (None, {})}

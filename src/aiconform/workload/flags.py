"""Flag values that several servers share; what is out of bounds is refused with the bounds."""

import argparse
from collections.abc import Callable

_UNITS = {"": 1, "Ki": 1024, "Mi": 1024**2, "Gi": 1024**3, "k": 1000, "M": 1000**2, "G": 1000**3}


def whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"must be {least} to {most}")
        return value

    return parse


def seconds(least: float, most: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds") from None
        if not least <= value <= most:  # not a number fails this too
            raise argparse.ArgumentTypeError(f"must be {least:g} to {most:g} seconds")
        return value

    return parse


def byte_count(text: str) -> int:
    """Bytes, as Kubernetes writes quantities: 1048576, 64Mi, 1Gi, 500M."""
    digits = text.rstrip("KMGik")
    unit = text[len(digits) :]
    if not digits.isdecimal() or unit not in _UNITS:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write it like 1048576, 64Mi or 1Gi")
    return int(digits) * _UNITS[unit]


def name_and_value(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    return name, value


def new_parser(server: str, *, description: str, examples: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog=f"python3 -m aiconform.workload {server}",
        description=description,
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def add_listen_flags(parser: argparse.ArgumentParser, *, port: int = 8080) -> None:
    parser.add_argument(
        "--port",
        type=whole(0, 65535),
        default=port,
        help="TCP port; 0 takes a free one, told in the first line (default: %(default)s)",
    )
    parser.add_argument(
        "--host", help="address to listen on (default: every address, IPv4 and IPv6)"
    )

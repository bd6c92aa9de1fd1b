"""Names of steps that come in numbers, and what looking and judging agree on."""

APART_S = 30.0  # between the two scrapes of every exporter


def step_name(base: str, number: int) -> str:
    """figures, figures-2, …"""
    return base if number == 1 else f"{base}-{number}"

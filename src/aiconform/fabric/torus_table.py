"""A site's table of places in a torus: a first line that names the axes, then a node a line."""

import re

from aiconform.fabric.topology import Topology, torus_topology
from aiconform.fabric.torus import AXES, Place
from aiconform.model.errors import ConfigError

HINT = "start with `node,x,y,z`, or `node,x/4,y/4,z/8` where axes close to rings of so many places"
AXIS = re.compile(r"([a-z])(?:/([1-9][0-9]{0,4}))?")


def is_torus_table(header: list[str]) -> bool:
    """Does a first line name axes, as in `node,x/4,y/4,z`?"""
    return len(header) > 1 and header[0] == "node" and header[1].partition("/")[0] == AXES[0]


def read_torus_table(rows: list[tuple[int, list[str]]], *, source: str) -> Topology:
    """
    Read places.

    Args:
        rows: Line number and cells of each line; the first names the axes, x, y, z and so on.
            `x/4`: the axis closes to a ring of 4 places; `x`: it is an open line.

    Raises:
        ConfigError: A line is malformed, or two nodes share a place. Names the line.
    """
    rings = _rings(rows[0][1][1:])
    places: dict[str, Place] = {}
    at: dict[Place, str] = {}
    for number, cells in rows[1:]:
        node, place = _place(cells, rings, number)
        if node in places:
            raise ConfigError(f"topology: line {number} has {node} again", hint=HINT)
        if place in at:
            said = f"topology: line {number} puts {node} where {at[place]} is"
            raise ConfigError(said, hint=HINT)
        places[node], at[place] = place, node
    return torus_topology(places, rings, source=source)


def _rings(axes: list[str]) -> tuple[int, ...]:
    found = [AXIS.fullmatch(axis) for axis in axes]
    told = [each for each in found if each is not None]
    named = "".join(each[1] for each in told)
    if len(told) < len(axes) or not AXES.startswith(named):
        raise ConfigError(f"topology: the axes {', '.join(axes)} are not understood", hint=HINT)
    return tuple(int(each[2] or 0) for each in told)


def _place(cells: list[str], rings: tuple[int, ...], number: int) -> tuple[str, Place]:
    where = f"topology: line {number}"
    if len(cells) != len(rings) + 1 or not cells[0]:
        raise ConfigError(f"{where} lacks its node or a place", hint=HINT)
    for cell, ring in zip(cells[1:], rings, strict=True):
        if not (cell.isdecimal() and len(cell) < 6) or (ring and int(cell) >= ring):
            raise ConfigError(f"{where}: {cell!r} is no place of its axis", hint=HINT)
    return cells[0], tuple(int(cell) for cell in cells[1:])

"""Where accelerators' drivers say their version, by vendor; a site may describe further ones."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated

from pydantic import AfterValidator, Field, TypeAdapter

from aiconform.catalogue.loading import load
from aiconform.catalogue.vendors import Source
from aiconform.model.base import Frozen, FrozenCamel, Text


def _one_group(pattern: str) -> str:
    try:
        groups = re.compile(pattern).groups
    except re.error as exc:
        raise ValueError(f"no regular expression: {exc}") from exc
    if groups != 1:
        raise ValueError("must have one group: the version")
    return pattern


Pattern = Annotated[str, Field(max_length=200), AfterValidator(_one_group)]
AbsolutePath = Annotated[str, Field(pattern=r"^/.", max_length=300)]


class Driver(FrozenCamel):
    """
    One vendor's driver as a node and a container show it. In a site's settings names are camelCase.

    Attributes:
        version_files: Files of the node's kernel that any container can read; the first that is
            there counts.
        version_pattern: What in it is the version: its one group.
        version_labels: Labels of nodes, each a whole version.
        version_label_parts: Labels that make one together: major, minor, revision.
        runtime_labels: Labels that tell of the runtime beside the driver; only recorded.
        devices: Patterns of the files that are one device each; none: any further file.
        injects: Whether a granted container gets libraries or tools from the node. Else the
            vendor's images bring them along.
        tool: A command that is run in a granted container when it is there; only recorded.
    """

    version_files: tuple[AbsolutePath, ...] = ()
    version_pattern: Pattern = r"(\d+(?:\.\d+)*)"
    version_labels: tuple[Text, ...] = ()
    version_label_parts: tuple[Text, ...] = ()
    product_labels: tuple[Text, ...] = ()
    runtime_labels: tuple[Text, ...] = ()
    devices: tuple[Text, ...] = ()
    injects: bool = False
    tool: Text = ""


class _Row(Driver):
    vendor: Text
    source: Source


class _File(Frozen):
    drivers: tuple[_Row, ...]


@cache
def drivers() -> Mapping[str, Driver]:
    """By the vendor's id."""
    return {row.vendor: row for row in load("drivers.yaml", TypeAdapter(_File)).drivers}

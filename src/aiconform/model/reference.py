"""Reference figures of a site's own: they win over those that a release brings."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from aiconform.model.base import Count, Frozen, Sentence, Text


class SiteReference(Frozen):
    """
    One figure as the catalogue has them, given by the site.

    Below a `floor` a figure fails. Below 0.80 of a `measured` value it fails, and below 0.92 it is
    a warning.
    """

    accelerator: Text = "*"  # an id of the catalogue, a product as its driver calls it, or any
    metric: Text  # gemm, memory_bandwidth, host_to_device, peer_copy_uni, all_reduce …
    dtype: Text | None = None
    accelerators: Count | None = None
    bytes: Count | None = None
    algorithm: Text | None = None
    transport: Text | None = None
    value: Annotated[float, Field(gt=0)]
    unit: Text
    kind: Literal["floor", "measured"] = "floor"
    source: Sentence = "the site's own"


SiteReferences = Sequence[SiteReference]

"""Reference figures of a site's own: they win over those that a release brings."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from aiconform.model.base import Count, Frozen, Sentence, Text
from aiconform.model.errors import ConfigError

MAX_REFERENCES_CHARACTERS = 256 * 1024


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


_SHAPE = TypeAdapter(tuple[SiteReference, ...])


def parse_references(text: str) -> tuple[SiteReference, ...]:
    """
    Read a site's references.yaml: a list of figures, or nothing.

    Raises:
        ConfigError: It is not YAML, or a row has a field that is not known, or lacks one.
    """
    if not text.strip():
        return ()
    import yaml  # only here: a command line without references starts without it

    try:
        rows = yaml.safe_load(text)
        return _SHAPE.validate_python(rows if rows is not None else [])
    except (yaml.YAMLError, ValidationError) as exc:
        raise ConfigError(
            f"the references cannot be read: {exc}",
            hint="A row has metric, value and unit; see the reference of accelerators",
        ) from exc

"""The two bases of every model: strict and frozen, and the kind that reads camelCase values."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

_NOT_KEPT: set[str] = set()


class Frozen(BaseModel):
    """Immutable; a field that we do not know is an error; NaN and infinities are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def model_post_init(self, context: Any, /) -> None:
        # Which fields were given is asked by nobody, and takes half the memory of a small record.
        object.__setattr__(self, "__pydantic_fields_set__", _NOT_KEPT)


class FrozenCamel(Frozen):
    """As `Frozen`, with camelCase keys in files, as Kubernetes has it."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


# Kubernetes object names, pod UIDs, exercise names: short, printable, no white space.
Name = Annotated[
    str, Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/+-]*$")
]
# A machine reason as Kubernetes writes them: Unschedulable, ImagePullBackOff.
ReasonCode = Annotated[str, Field(max_length=40, pattern=r"^[A-Z][A-Za-z0-9]*$")]
Sentence = Annotated[str, Field(max_length=2000)]
Text = Annotated[str, Field(max_length=256)]
Count = Annotated[int, Field(ge=0, le=2**63)]
# Python reads whole numbers of any length, and fails only when one is turned into a float.
Whole = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Small = Annotated[dict[Text, str | Whole | float | bool | None], Field(max_length=64)]

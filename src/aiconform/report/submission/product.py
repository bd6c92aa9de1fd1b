"""
product.yaml: what a run cannot know, which is the product's particulars and manual evidence.

    metadata:
      platformName: Turbo Encabulator
      ...
    requirements:
      gang_scheduling:
        evidence: ["https://yoyo.dyne/docs/gang-scheduling"]
        notes: With Kueue as we ship it.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError

from aiconform.catalogue.requirements import requirements
from aiconform.model.base import Frozen, FrozenCamel, Sentence
from aiconform.model.errors import ConfigError
from aiconform.model.requirement import RequirementId
from aiconform.report.submission.rules import (
    email_problem,
    is_placeholder,
    k8s_conformance_problem,
    url_problem,
)
from aiconform.report.submission.yaml_text import plain, read_text


def _without(problem: Callable[[str], str | None]) -> Callable[[str], str]:
    def check(text: str) -> str:
        if told := problem(text):
            raise ValueError(f"{text!r} {told}")
        return text

    return check


def _unfilled(text: str) -> str | None:
    if not text.strip():
        return "is empty"
    return "is the checklist's placeholder" if is_placeholder(text.strip()) else None


Filled = Annotated[Sentence, AfterValidator(_without(_unfilled))]
Url = Annotated[Filled, AfterValidator(_without(url_problem))]


class ProductMetadata(FrozenCamel):
    """The checklist's metadata; camelCase or snake_case. The version is the checklist's own."""

    platform_name: Filled
    platform_version: Filled
    vendor_name: Filled  # exactly as the CNCF landscape lists the member
    website_url: Url
    repo_url: Url | None = None
    documentation_url: Url
    product_logo_url: Url
    description: Filled
    contact_email_address: Annotated[Filled, AfterValidator(_without(email_problem))]
    # Named by hand: the generator would write an S.
    k8s_conformance_url: Annotated[
        Url,
        AfterValidator(_without(k8s_conformance_problem)),
        Field(alias="k8sConformanceUrl"),
    ]


class ManualEvidence(Frozen):
    """What a person adds to a requirement. It supports what the run showed, replacing nothing."""

    evidence: tuple[Url, ...] = ()
    notes: Sentence = ""


class Product(Frozen):
    """All of product.yaml."""

    metadata: ProductMetadata
    requirements: Mapping[RequirementId, ManualEvidence] = {}

    def manual(self, requirement: str) -> ManualEvidence:
        return self.requirements.get(requirement, ManualEvidence())

    def filled(self) -> dict[str, str]:
        """Metadata by camelCase name; what is left out replaces its placeholder by nothing."""
        values = self.metadata.model_dump(by_alias=True)
        return {name: value or "" for name, value in values.items()}


def read_product(path: Path) -> Product:
    """
    Raises:
        ConfigError: Names every field that is missing, unknown or wrong.
    """
    return parse_product(read_text(path), name=path.name)


def parse_product(text: str, *, name: str) -> Product:
    """As `read_product`, from text."""
    try:
        product = Product.model_validate(plain(text, name=name))
    except ValidationError as exc:
        problems = "; ".join(_told(error) for error in exc.errors(include_url=False))
        raise ConfigError(
            f"{name}: {problems}", hint="docs/how-to-submit.md has an example"
        ) from exc
    if unknown := sorted(product.requirements.keys() - requirements().keys()):
        raise ConfigError(
            f"{name}: no version of the checklist has a requirement {', '.join(unknown)}",
            hint=f"There are {', '.join(requirements())}",
        )
    return product


def _told(error: Mapping[str, object]) -> str:
    where = error["loc"]
    assert isinstance(where, tuple)
    field = ".".join(str(part) for part in where) or "the file"
    if error["type"] == "string_type":
        return f"{field} is no text (put it between quotes)"
    if error["type"] == "missing":
        return f"{field} is missing"
    if error["type"] == "extra_forbidden":
        return f"{field} is not a field"
    return f"{field}: {str(error['msg']).removeprefix('Value error, ')}"

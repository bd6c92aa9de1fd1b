"""product.yaml: what is missing, unknown or wrong is named with its field."""

from pathlib import Path

import pytest

from aiconform.model.errors import ConfigError
from aiconform.report.submission.product import parse_product
from tests.submission.sample import PRODUCT


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("  platformName: Turbo Encabulator\n", "", "metadata.platformName is missing"),
        ("platformName", "platformname", "metadata.platformname is not a field"),
        ('"1.10"', "1.10", r"metadata.platformVersion is no text \(put it between quotes\)"),
        ("Yoyodyne", '"[Vendor Name]"', "metadata.vendorName: .* placeholder"),
        ("Yoyodyne", '" "', "metadata.vendorName: .* is empty"),
        ("https://yoyo.dyne/docs/gangs", "docs/gangs", "gang_scheduling.evidence.0: .* https"),
        ("conformance@yoyo.dyne", "conformance", "contactEmailAddress: .* e-mail"),
        ("tree/master/v1.37/", "tree/master/", "k8sConformanceUrl: .* has not the form"),
        ("gang_scheduling", "gang_schedulling", "has a requirement gang_schedulling"),
        ("metadata:", "metadata: [", "not YAML"),
        ("notes:", "note:", "gang_scheduling.note is not a field"),
        ("requirements:", "metadata:", "not YAML"),
    ],
)
def test_mistake_is_named(old: str, new: str, told: str) -> None:
    assert old in PRODUCT

    with pytest.raises(ConfigError, match=told):
        parse_product(PRODUCT.replace(old, new), name="product.yaml")


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(ConfigError, match=r"(?s)vendorName.*websiteUrl"):
        parse_product(
            PRODUCT.replace("Yoyodyne", '""').replace("  websiteUrl:", "  website:"),
            name="product.yaml",
        )


def test_snake_case_is_accepted() -> None:
    text = PRODUCT.replace("platformName", "platform_name").replace(
        "k8sConformanceUrl", "k8s_conformance_url"
    )

    assert parse_product(text, name="product.yaml").filled()["platformName"] == "Turbo Encabulator"


def test_empty_file_says_what_is_missing() -> None:
    with pytest.raises(ConfigError, match=r"product\.yaml"):
        parse_product("", name="product.yaml")


def test_no_repository_makes_the_placeholder_empty() -> None:
    assert parse_product(PRODUCT, name="product.yaml").filled()["repoUrl"] == ""


def test_example_in_the_documentation_is_accepted() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "how-to-submit.md"
    example = page.read_text().split("```yaml\n")[1].split("```")[0]

    product = parse_product(example, name="product.yaml")

    assert product.filled()["platformVersion"] == "1.10"
    assert product.manual("gang_scheduling").evidence

"""Lint is clean on what we make, and finds each way of breaking it, with a way to mend it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from aiconform.report.submission import Remark, lint, make_submission
from aiconform.report.submission.lint import is_clean
from tests.submission import sample

_GANG = "evidence/gang_scheduling"
Breach = Callable[["Made"], None]


class Made:
    """A sound submission, to be broken."""

    def __init__(self, root: Path, sound: Path, version: str = "1.37") -> None:
        self.directory = root / f"v{version}" / "turbo"
        self.version = version
        shutil.copytree(sound, self.directory)

    @property
    def product(self) -> Path:
        return self.directory / "PRODUCT.yaml"

    def replace(self, old: str, new: str, *, count: int = -1) -> None:
        text = self.product.read_text()
        assert old in text
        self.product.write_text(text.replace(old, new, count))

    def answer(self, requirement: str, **fields: str) -> None:
        """Set fields of one requirement: raw YAML."""
        head, tail = self.product.read_text().split(f"- id: {requirement}\n")
        row, sep, rest = tail.partition("    - id:")
        kept = [x for x in row.splitlines() if not _of(x, set(fields))]
        kept[2:2] = [f"      {key}: {value}" for key, value in fields.items()]
        text = "\n".join(kept)
        self.product.write_text(f"{head}- id: {requirement}\n{text}\n{sep}{rest}")

    def rules(self, *, with_checklist: bool = False) -> set[str]:
        return {r.rule for r in self.errors(with_checklist=with_checklist)}

    def errors(self, *, with_checklist: bool = False) -> list[Remark]:
        checklist = sample.checklist(self.version) if with_checklist else None
        return [r for r in lint(self.directory, checklist) if r.severity == "error"]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once, and copied for each test that breaks it."""
    return _sound(tmp_path_factory.mktemp("sound"), "1.37")


def _sound(root: Path, version: str) -> Path:
    run = sample.results(root / "demo", sample.all_pass(version), version=version)
    checklist, product = sample.checklist(version), sample.product()
    return make_submission(
        run, checklist=checklist, product=product, directory=root / "sound"
    ).directory


@pytest.fixture
def made(sound: Path, tmp_path: Path) -> Made:
    return Made(tmp_path, sound)


def _links(*links: str) -> Breach:
    quoted = ", ".join(f'"{link}"' for link in links)
    return lambda made: made.answer("gang_scheduling", evidence=f"[{quoted}]")


def _answer(requirement: str, **fields: str) -> Breach:
    return lambda made: made.answer(requirement, **fields)


def _replace(old: str, new: str) -> Breach:
    return lambda made: made.replace(old, new)


def _write(path: str, text: str) -> Breach:
    return lambda made: _text(made.directory / path, text)


_BREACHES: dict[str, tuple[str, Breach]] = {
    "no file": ("product-missing", lambda m: m.product.unlink()),
    "the file a link": ("product-missing", lambda m: _linked(m.product)),
    "no YAML": ("yaml", _replace("spec:", "spec: {")),
    "a key twice": ("yaml", _replace("spec:", "metadata: {}\nspec:")),
    "no spec": ("spec-missing", _replace("spec:", "specs:")),
    "no metadata": ("metadata-missing", _replace("metadata:", "meta:")),
    "field missing": ("metadata-missing", _replace("  platformName:", "  platform:")),
    "field empty": ("metadata-empty", _replace('"Yoyodyne"', '""')),
    "field null": ("metadata-missing", _replace('"Yoyodyne"', "null")),
    "number": ("metadata-type", _replace('"1.10"', "1.10")),
    "placeholder": ("metadata-placeholder", _replace('"Yoyodyne"', '"[Vendor Name]"')),
    "optional placeholder": ("metadata-placeholder", _replace('repoUrl: ""', 'repoUrl: "[Repo]"')),
    "both spellings": (
        "metadata-twice",
        _replace("  vendorName:", "  vendor_name: Yoyodyne\n  vendorName:"),
    ),
    "no scheme": (
        "metadata-url",
        _replace("https://yoyo.dyne/turbo-encabulator/docs", "yoyo.dyne"),
    ),
    "no host": ("metadata-url", _replace("https://yoyo.dyne/turbo-encabulator/docs", "https:///d")),
    "space in it": ("metadata-url", _replace("encabulator/docs", "encabulator /docs")),
    "email": ("metadata-email", _replace("conformance@yoyo.dyne", "conformance at yoyo")),
    "no version": ("version", _replace("kubernetesVersion: v1.37", "kubernetesVersion: newest")),
    "other place": ("place", _replace("kubernetesVersion: v1.37", "kubernetesVersion: v1.36")),
    "k8s conformance": ("k8s-conformance-url", _replace("tree/master/v1.37/", "tree/master/")),
    "k8s conformance host": ("k8s-conformance-url", _replace("github.com/cncf", "github.org/cncf")),
    "k8s conformance deeper": (
        "k8s-conformance-url",
        _replace('lator"\n\nspec', 'lator/a"\n\nspec'),
    ),
    "requirement gone": ("requirement-missing", _replace("id: gang_scheduling", "id: gangs")),
    "requirement twice": ("spec-twice", _replace("id: gang_scheduling", "id: robust_controller")),
    "category": ("category", _replace("  operator:", "  operators:")),
    "level": ("level-changed", _answer("gang_scheduling", level="SHOULD")),
    "no description": ("description-changed", _answer("gang_scheduling", description='""')),
    "entry": ("spec-shape", _replace("  operator:", "  extra: [3]\n  operator:")),
    "no list": ("spec-shape", _replace("  operator:", "  extra: 3\n  operator:")),
    "evidence text": ("spec-shape", _answer("gang_scheduling", evidence='"a"')),
    "evidence numbers": ("spec-shape", _answer("gang_scheduling", evidence="[1]")),
    "status": ("status", _answer("gang_scheduling", status='"Done"')),
    "empty status": ("status", _answer("gang_scheduling", status='""')),
    "evidence without status": (
        "status",
        _answer("gpu_sharing", status='""', evidence='["evidence/gpu_sharing/verdict.json"]'),
    ),
    "must not": ("must-not-implemented", _answer("gang_scheduling", status='"Not Implemented"')),
    "must half": (
        "must-not-implemented",
        _answer("gang_scheduling", status='"Partially Implemented"'),
    ),
    "must n/a": ("must-not-implemented", _answer("pod_autoscaling", status='"N/A"', notes='"x"')),
    "n/a no notes": ("na-notes", _answer("gpu_sharing", status='"N/A"', notes='""')),
    "n/a blank notes": ("na-notes", _answer("cluster_autoscaling", status='"N/A"', notes='"  "')),
    "no evidence": ("claim-without-evidence", _links()),
    "blank evidence": ("evidence-blank", _links(f"{_GANG}/verdict.json", "")),
    "odd url": ("evidence-url", _links("https://")),
    "missing": ("evidence-missing", _links(f"{_GANG}/none.txt")),
    "a directory": ("evidence-missing", _links(_GANG)),
    "above": ("evidence-outside", _links("../../demo/summary.json")),
    "above within": ("evidence-outside", _links("evidence/../../../demo/summary.json")),
    "file above": ("evidence-outside", _links("file://../../demo/summary.json")),
    "itself": ("evidence-outside", _links("evidence/..")),
    "only a test": ("evidence-outside", _links("file://#TestGangScheduling")),
    "other product": ("evidence-outside", _links("file://v1.37/other/junit.xml")),
    "a link": ("evidence-link", lambda m: _linked(m.directory / _GANG / "verdict.json")),
    "a linked directory": ("evidence-link", lambda m: _linked(m.directory / _GANG)),
    "nothing in it": ("evidence-empty", _write(f"{_GANG}/verdict.json", "")),
    "no XML": ("artifact-unreadable", _write(f"{_GANG}/junit.xml", "no")),
    "no cases": ("artifact-unreadable", _write(f"{_GANG}/junit.xml", "<testsuites/>")),
    "bomb": (
        "artifact-unreadable",
        _write(f"{_GANG}/junit.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
    ),
    "no events": ("artifact-unreadable", _write(f"{_GANG}/results.json", "[1]")),
    "no results": ("artifact-unreadable", _write(f"{_GANG}/e2e.log", "all is well")),
    "failing": (
        "artifact-failing",
        _write(f"{_GANG}/e2e.log", "--- PASS: TestGangScheduling\n--- FAIL: TestOther\n"),
    ),
    "failing package": (
        "artifact-failing",
        _write(f"{_GANG}/results.json", '{"Action":"fail","Package":"p"}'),
    ),
    "failed": ("test-failed", _write(f"{_GANG}/e2e.log", "--- FAIL: TestGangScheduling\n")),
    "skipped": ("test-skipped", _write(f"{_GANG}/e2e.log", "--- SKIP: TestGangScheduling\n")),
    "skipped half": (
        "test-skipped",
        _write(f"{_GANG}/e2e.log", "    --- SKIP: TestGangScheduling/Only (0.1s)\n"),
    ),
    "other test": ("test-missing", _write(f"{_GANG}/e2e.log", "--- PASS: TestGangs\n")),
    "other test named": ("test-missing", _links(f"{_GANG}/junit.xml#TestGangs")),
}


@pytest.mark.parametrize("name", _BREACHES)
def test_breach_is_found_with_a_way_to_mend_it(name: str, made: Made) -> None:
    rule, breach = _BREACHES[name]
    assert made.rules() == set()

    breach(made)

    assert rule in made.rules()
    assert all(remark.mend and remark.problem and remark.where for remark in made.errors())


@pytest.mark.parametrize("version", sample.VERSIONS)
def test_requirement_optional_in_one_version_binds_in_another(version: str, tmp_path: Path) -> None:
    """dra_support: SHOULD in 1.33, MUST in 1.34 and 1.35, gone afterwards."""
    if "dra_support" not in sample.levels(version):
        return
    made = Made(tmp_path, _sound(tmp_path, version), version)

    made.answer("dra_support", status='"N/A"', notes='"off by default"')

    assert ("must-not-implemented" in made.rules()) == (version != "1.33")


def test_na_of_an_autoscaler_is_advice(made: Made) -> None:
    made.answer("cluster_autoscaling", status='"N/A"', notes='"a fixed fleet"')

    remarks = lint(made.directory)
    assert "na-on-must" in {remark.rule for remark in remarks}
    assert is_clean(remarks)


def test_snake_case_metadata_is_accepted(made: Made) -> None:
    for camel, snake in (("platformName", "platform_name"), ("websiteUrl", "website_url"),
                         ("k8sConformanceUrl", "k8s_conformance_url")):  # fmt: skip
        made.replace(f"  {camel}:", f"  {snake}:")

    assert made.rules() == set()


@pytest.mark.parametrize("prefix", ["file://", "file:///", "/", "file://v1.37/turbo/", "./"])
def test_every_form_of_link_that_the_validator_takes_is_taken(prefix: str, made: Made) -> None:
    _links(f"{prefix}{_GANG}/junit.xml#TestGangScheduling")(made)

    assert made.rules() == set()


def test_should_left_empty_is_clean(made: Made) -> None:
    made.answer("gpu_sharing", status='""', evidence="[]")

    assert made.rules() == set()


def test_description_is_compared_with_the_checklist_when_it_is_given(made: Made) -> None:
    made.answer("gang_scheduling", description='"something easier"')

    assert made.rules() == set()
    assert made.rules(with_checklist=True) == {"description-changed"}


def _text(path: Path, text: str) -> None:
    path.write_text(text)


def _linked(path: Path) -> None:
    elsewhere = path.with_name(f"real-{path.name}")
    path.rename(elsewhere)
    path.symlink_to(elsewhere.name)


def _of(line: str, fields: set[str]) -> bool:
    """Whether a line of a requirement belongs to one of these fields."""
    if line.startswith("        -"):
        return "evidence" in fields
    return line.split(":")[0].strip() in fields

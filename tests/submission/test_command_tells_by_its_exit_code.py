"""`aiconform submission`: 0, 1 and 2 mean what its help says, in text and JSON."""

import json
from pathlib import Path

import pytest

from aiconform.cli.main import main
from aiconform.model.verdict import Outcome
from tests.submission import sample


class Files:
    def __init__(self, root: Path, outcome: Outcome = Outcome.PASS) -> None:
        self.checklist, self.product = root / "AIConformance-1.37.yaml", root / "product.yaml"
        self.checklist.write_text(sample.checklist_text("1.37"))
        self.product.write_text(sample.PRODUCT)
        others = [one for one in sample.all_pass() if one.id != "gang_scheduling"]
        verdicts = [*others, sample.verdict("gang_scheduling", outcome)]
        self.results = sample.results(root / "demo", verdicts)
        self.out = root / "v1.37" / "turbo"

    def arguments(self, *more: str) -> list[str]:
        return [
            "submission", "--checklist", str(self.checklist), "--product", str(self.product),
            str(self.results), "-o", str(self.out), *more,
        ]  # fmt: skip


def test_complete_submission_is_0_and_lints_clean(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = Files(tmp_path)

    assert main(files.arguments()) == 0
    assert "every MUST is claimed" in capsys.readouterr().out
    assert main(["submission", "--lint", str(files.out), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["clean"] is True


def test_must_that_is_not_claimed_is_2_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = Files(tmp_path, Outcome.UNKNOWN)

    code = main(files.arguments("--format", "json"))

    told = json.loads(capsys.readouterr().out)
    assert code == 2
    assert told["unclaimed_musts"] == ["gang_scheduling"]
    assert {row["id"]: row["status"] for row in told["requirements"]}["gang_scheduling"] == ""


def test_finding_is_1_with_a_way_to_mend_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = Files(tmp_path, Outcome.FAIL)
    assert main(files.arguments()) == 2
    assert "not claimed, though a MUST: gang_scheduling" in capsys.readouterr().out

    code = main(["submission", "--lint", str(files.out)])

    told = capsys.readouterr().out
    assert code == 1
    assert "[must-not-implemented]" in told
    assert "→ It has to be Implemented" in told


def test_lint_with_a_checklist_compares_with_it(tmp_path: Path) -> None:
    files = Files(tmp_path)
    main(files.arguments())
    product = files.out / "PRODUCT.yaml"
    product.write_text(product.read_text().replace("start together", "start"))
    lint = ["submission", "--lint", str(files.out)]

    assert main(lint) == 0
    assert main([*lint, "--checklist", str(files.checklist)]) == 1


@pytest.mark.parametrize("missing", ["--checklist", "--product", "-o"])
def test_missing_option_is_usage(missing: str, tmp_path: Path) -> None:
    arguments = Files(tmp_path).arguments()
    at = arguments.index(missing)

    assert main(arguments[:at] + arguments[at + 2 :]) == 2


def test_lint_takes_no_results(tmp_path: Path) -> None:
    files = Files(tmp_path)

    assert main(["submission", "--lint", str(tmp_path), str(files.results)]) == 2


def test_results_that_are_none_are_4_and_leave_nothing(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.results = tmp_path / "product.yaml"

    assert main(files.arguments()) == 4
    assert not files.out.exists()

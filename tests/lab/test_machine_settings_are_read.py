"""What the lab takes from the machine: pip's settings, apt's mirror, images in archives."""

from pathlib import Path

import pytest

from e2e.lab import oci, pip_settings
from e2e.lab.cluster import full_name
from e2e.lab.debian_base import find_mirror
from e2e.lab.golang import as_tuple


def test_environment_wins_over_files_and_the_rest_stays_out(tmp_path: Path) -> None:
    weak, strong = tmp_path / "a", tmp_path / "b"
    weak.write_text("[global]\nindex-url = https://weak.example\ntimeout = 5\n")
    strong.write_text("[global]\nindex_url = https://strong.example\ncache-dir = /mine\n")

    found = pip_settings.effective({"PIP_TIMEOUT": "9", "PIP_NO_COLOR": "1"}, (weak, strong))

    assert found == {"index-url": "https://strong.example", "timeout": "9"}


@pytest.mark.parametrize(
    "sources",
    [
        "# deb http://no.example/\ndeb [signed-by=/x y] http://m.example/debian bookworm main\n",
        "Types: deb\nURIs: http://m.example/debian\nSuites: bookworm\n",
        "deb http://m.example/debian bookworm main\n",
    ],
)
def test_mirror_is_found_in_both_formats(sources: str) -> None:
    assert find_mirror(sources) == "http://m.example/debian"


def test_archive_tells_name_and_digest_of_its_image(tmp_path: Path) -> None:
    program = tmp_path / "pause"
    program.write_text("x")
    archive = tmp_path / "pause.tar"

    oci.write_from_files(
        archive, reference="docker.io/lab/pause:1", files={"/pause": program}, entrypoint=["/pause"]
    )

    found = oci.read(archive)
    assert found.reference == "docker.io/lab/pause:1"
    assert found.digest.startswith("sha256:")


@pytest.mark.parametrize(
    ("reference", "full"),
    [("a/b:1", "docker.io/a/b:1"), ("r.example/b:1", "r.example/b:1"), ("h:5/b", "h:5/b")],
)
def test_short_reference_is_docker_hubs(reference: str, full: str) -> None:
    assert full_name(reference) == full


def test_versions_compare_as_numbers() -> None:
    assert as_tuple("1.26.8") < as_tuple("1.27") < as_tuple("1.100.1")

"""The tarball is what the coordinator wrote, or it is not taken."""

from pathlib import Path

import pytest

from aiconform.cli.coordinator import Phase
from aiconform.cli.fetching import Source, fetch_results
from aiconform.cli.following import Followed
from aiconform.cli.installed import Installed
from aiconform.model.errors import ClusterError, ResultsError
from aiconform.report import verify
from tests.cli.site import FakeSite, sum_of


@pytest.fixture
def site(tmp_path: Path) -> FakeSite:
    site = FakeSite(tmp_path / "pod")
    site.finish()
    return site


@pytest.fixture
def source(site: FakeSite, tmp_path: Path) -> Source:
    installed = Installed("aiconform", "aiconform", site.config)
    return Source(site, installed, "aiconform-x", tmp_path / "results")


def test_tarball_and_directory_are_here_and_hold_to_their_sums(
    site: FakeSite, source: Source
) -> None:
    fetched, problem = fetch_results(source, site.said, lambda _: None)

    assert problem is None
    verify(fetched.directory)
    assert fetched.tarball is not None
    assert site.said is not None
    assert sum_of(fetched.tarball) == site.said.sha256
    assert {p.name for p in source.results.iterdir()} == {"demo", "demo.tar.gz"}


def test_copy_that_was_cut_is_made_again(site: FakeSite, source: Source) -> None:
    site.spoil = 2
    said: list[str] = []

    fetched, _ = fetch_results(source, site.said, said.append)

    assert fetched.entries
    assert len(said) == 2


def test_copy_that_is_never_whole_is_not_taken(site: FakeSite, source: Source) -> None:
    site.spoil = 9

    with pytest.raises(ResultsError, match="did not come over whole"):
        fetch_results(source, site.said, lambda _: None)

    assert list(source.results.iterdir()) == []


def test_unarchived_results_are_judged_and_archived_here(site: FakeSite, source: Source) -> None:
    site.finish(archived=False)

    fetched, problem = fetch_results(source, site.said, lambda _: None)

    assert problem is not None
    assert "no space left" in problem.problem
    assert (fetched.directory / "summary.json").exists()
    assert fetched.tarball == source.tarball


def test_ended_pod_has_no_results_any_more(site: FakeSite, tmp_path: Path) -> None:
    installed = Installed("aiconform", "aiconform", site.config)
    followed = Followed(site.said, "aiconform-x", Phase.ENDED)

    with pytest.raises(ClusterError, match=r"holdS"):
        Source.of(site, installed, followed, tmp_path)

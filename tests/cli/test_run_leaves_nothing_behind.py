"""Whatever happens to a run, what it made is removed, and what it did not make stays."""

from collections.abc import Callable
from pathlib import Path

import pytest

from aiconform.cli.fetching import Fetched
from aiconform.cli.interrupts import Interrupted, Interrupts
from aiconform.cli.running import Ended, Order, Running
from aiconform.cli.site import ChartArguments
from aiconform.model.errors import ClusterError, ConfigError, ConflictError
from aiconform.model.verdict import RunVerdict
from tests.cli.site import FakeSite, Lines, Time, pod, waiting_pod


class Bench:
    """One run on a fake cluster."""

    def __init__(self, tmp_path: Path) -> None:
        self.site = FakeSite(tmp_path / "pod")
        self.time = Time()
        self.lines = Lines()
        self.shown: list[Fetched] = []
        self.results = tmp_path / "results"
        self.interrupts = Interrupts()
        self.keep = False

    def run(self) -> Ended:
        order = Order(
            ChartArguments(Path("chart"), run_name="demo"),
            release="aiconform",
            namespace="aiconform",
            results=self.results,
            keep=self.keep,
        )
        return Running(
            self.site,
            order,
            clock=self.time.clock,
            interrupts=self.interrupts,
            view=lambda: self.lines,
            say=self.lines.line,
            show=self.shown.append,
        ).run()

    def is_clean(self) -> bool:
        return not self.site.releases and not self.site.namespaces and not self.site.pods_there


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_sound_run_brings_results_releases_the_pod_and_removes_all(bench: Bench) -> None:
    bench.site.on_install = bench.site.finish

    ended = bench.run()

    assert ended.problem is None
    assert ended.fetched is not None
    assert ended.fetched.judgement.verdict is RunVerdict.FAIL
    assert (bench.results / "demo" / "summary.json").exists()
    assert (bench.results / "demo.tar.gz").exists()
    assert bench.shown == [ended.fetched]
    assert "aiconform release" in bench.site.calls
    assert bench.is_clean()


def test_namespace_that_was_there_stays(bench: Bench) -> None:
    bench.site.namespaces = {"aiconform"}
    bench.site.on_install = bench.site.finish

    bench.run()

    assert bench.site.namespaces == {"aiconform"}
    assert "delete_namespace" not in bench.site.calls


def test_namespace_that_somebody_else_uses_meanwhile_stays(bench: Bench) -> None:
    def finish() -> None:
        bench.site.finish()
        bench.site.releases["other"] = "manifest"

    bench.site.on_install = finish

    bench.run()

    assert bench.site.namespaces == {"aiconform"}
    assert any("other was installed there" in line for line in bench.lines.told)


def test_existing_release_is_refused_and_not_touched(bench: Bench) -> None:
    bench.site.releases = {"aiconform": "manifest"}

    with pytest.raises(ConfigError, match=r"already.*helm uninstall aiconform"):
        bench.run()

    assert bench.site.releases
    assert bench.site.calls == ["server_version"]


def test_release_that_appears_in_between_is_somebody_elses(bench: Bench) -> None:
    bench.site.refuse["install"] = ConflictError("cannot re-use a name")

    with pytest.raises(ConflictError):
        bench.run()

    assert not [call for call in bench.site.calls if call.startswith("uninstall")]


def test_earlier_results_of_that_name_are_not_overwritten(bench: Bench) -> None:
    (bench.results / "demo").mkdir(parents=True)

    with pytest.raises(ConfigError, match="earlier run demo"):
        bench.run()


def test_refused_values_leave_nothing_and_remove_nothing(bench: Bench) -> None:
    bench.site.refuse["install"] = ConfigError("additional properties 'profil' not allowed")

    with pytest.raises(ConfigError, match="profil"):
        bench.run()

    assert not [call for call in bench.site.calls if call.startswith("uninstall")]


def test_failed_installation_is_removed(bench: Bench) -> None:
    bench.site.on_install = _raise(ClusterError("services is forbidden"))

    with pytest.raises(ClusterError, match="services"):
        bench.run()

    assert bench.is_clean()


def test_image_that_is_not_there_ends_the_run_with_its_name(bench: Bench) -> None:
    bench.site.pods_there = [waiting_pod("ErrImageNeverPull")]

    with pytest.raises(ClusterError, match=r"cannot start \(ErrImageNeverPull\).*nix:1"):
        bench.run()

    assert bench.is_clean()
    assert bench.time.now_s < 1030


def test_full_volume_costs_the_archive_and_not_the_facts(bench: Bench) -> None:
    bench.site.on_install = lambda: bench.site.finish(archived=False)

    ended = bench.run()

    assert ended.fetched is not None
    assert ended.fetched.entries
    assert ended.problem is not None
    assert "no space left" in ended.problem.problem
    assert (bench.results / "demo" / "summary.json").exists()
    assert bench.is_clean()


def test_dying_coordinator_is_told_with_its_last_words(bench: Bench) -> None:
    def die() -> None:
        condition = {"type": "Failed", "status": "True", "reason": "PodFailurePolicy",
                     "message": "exit code 4"}  # fmt: skip
        bench.site.job = {"status": {"conditions": [condition]}}
        bench.site.pods_there = [pod(phase="Failed")]

    bench.site.on_install = die

    with pytest.raises(ClusterError, match=r"ended early(.|\n)*last words"):
        bench.run()

    assert bench.is_clean()


def test_first_interrupt_fetches_what_is_there_and_removes(bench: Bench) -> None:
    def begin() -> None:
        bench.site.finish()
        bench.site.said = None

    bench.site.on_install = begin
    bench.time.planned = [_raise(Interrupted(2))]

    with pytest.raises(Interrupted):
        bench.run()

    assert (bench.results / "demo" / "journal.ndjson.gz").exists()
    assert bench.is_clean()


def test_second_interrupt_removes_at_once_and_says_the_command(bench: Bench) -> None:
    bench.site.on_install = _raise(Interrupted(2))
    bench.site.refuse["pods"] = Interrupted(2)

    with pytest.raises(Interrupted):
        bench.run()

    assert "uninstall wait=0" in bench.site.calls
    assert any("helm uninstall aiconform" in line for line in bench.lines.told)


def test_pod_on_a_dead_node_does_not_hold_up_the_removal(bench: Bench) -> None:
    def finish() -> None:
        bench.site.finish()
        bench.site.pods_there.append(pod("agent", node="node2", deleted="1970-01-01T00:10:00Z"))

    bench.site.on_install = finish

    bench.run()

    assert "force_delete_pod agent" in bench.site.calls
    assert bench.is_clean()


def test_keep_leaves_all_and_says_how_to_go_on(bench: Bench) -> None:
    bench.keep = True
    bench.site.on_install = bench.site.finish

    bench.run()

    assert bench.site.releases
    assert "aiconform release" not in bench.site.calls
    told = "\n".join(bench.lines.told)
    for command in ("aiconform follow", "aiconform fetch", "helm uninstall aiconform"):
        assert command in told


def test_removal_that_fails_names_the_commands(bench: Bench) -> None:
    bench.site.on_install = bench.site.finish
    bench.site.refuse["uninstall"] = ClusterError("timed out")

    with pytest.raises(ClusterError, match=r"not everything.*helm uninstall.*kubectl delete"):
        bench.run()


def test_trouble_of_the_removal_does_not_hide_the_first_trouble(bench: Bench) -> None:
    bench.site.on_install = _raise(ClusterError("first trouble"))
    bench.site.refuse["uninstall"] = ClusterError("second trouble")

    with pytest.raises(ClusterError, match="first trouble"):
        bench.run()

    assert any("second trouble" in line for line in bench.lines.told)


def _raise(error: BaseException) -> Callable[[], None]:
    def now() -> None:
        raise error

    return now

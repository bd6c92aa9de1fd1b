"""The site by way of kubectl and helm: what is asked, and what their refusals become."""

import json
import os
import signal
from pathlib import Path

import pytest

from aiconform.cli.kubectl_site import KubectlSite
from aiconform.cli.programs import runner
from aiconform.cli.site import ChartArguments, NamespaceState
from aiconform.model.errors import ClusterError, ConfigError, ConflictError, ForbiddenError
from tests.cli.programs import Programs

ARGUMENTS = ChartArguments(Path("chart"), ("a.yaml",), ("run.profile=quick",), run_name="demo")
SCHEMA = """\
level=ERROR msg="values don't meet the specifications of the schema(s)"
Error: INSTALLATION FAILED: values don't meet the specifications of the schema(s) in the following:
aiconform:
- at '/run': additional properties 'profil' not allowed
"""
FORBIDDEN = (
    'Error from server (Forbidden): nodes is forbidden: User "eve" cannot list resource "nodes" '
    'in API group "" at the cluster scope'
)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    return Programs(tmp_path / "bin", monkeypatch)


def install(site: KubectlSite, *, make_namespace: bool = True) -> str:
    return site.install(
        ARGUMENTS, release="aiconform", namespace="lab", make_namespace=make_namespace
    )


def test_installation_passes_values_name_and_namespace(programs: Programs) -> None:
    programs.answer("helm", "install")
    programs.answer("helm", "get", "manifest", out="kind: Job\n")

    assert install(KubectlSite()) == "kind: Job\n"

    words = programs.asked[0][1]
    assert words[words.index("-n") + 1] == "lab"
    assert {"install", "aiconform", "chart", "--values=a.yaml", "--set=run.profile=quick",
            "--set-string=run.name=demo", "--create-namespace"} <= set(words)  # fmt: skip


def test_namespace_that_is_there_is_not_created(programs: Programs) -> None:
    programs.answer("helm", "install")
    programs.answer("helm", "get", "manifest", out="kind: Job\n")

    install(KubectlSite(), make_namespace=False)

    assert "--create-namespace" not in programs.asked[0][1]


def test_schema_error_is_wrong_usage_told_once(programs: Programs) -> None:
    programs.answer("helm", "install", err=SCHEMA, code=1)

    with pytest.raises(ConfigError) as raised:
        install(KubectlSite())

    assert "'profil' not allowed" in raised.value.problem
    assert raised.value.problem.startswith("values don't meet")
    assert "level=" not in raised.value.problem


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Error: INSTALLATION FAILED: cannot re-use a name that is still in use", ConflictError),
        ("Error: path \"x\" not found: no such file or directory", ConfigError),
        ("Error: INSTALLATION FAILED: execution error at (aiconform/x.yaml:1:2): no", ConfigError),
        ("Error: failed parsing --set data: key \"a\" has no value", ConfigError),
        ('Error: x "y" already exists', ClusterError),
        ("Unable to connect to the server: dial tcp: i/o timeout", ClusterError),
    ],
)  # fmt: skip
def test_refusal_of_helm_becomes(programs: Programs, said: str, expected: type) -> None:
    programs.answer("helm", "install", err=said, code=1)

    with pytest.raises(expected) as raised:
        install(KubectlSite())

    assert type(raised.value) is expected


def test_missing_right_names_verb_and_resource(programs: Programs) -> None:
    programs.answer("kubectl", "get", "nodes", err=FORBIDDEN, code=1)

    with pytest.raises(ForbiddenError, match="list nodes"):
        KubectlSite().nodes()


def test_release_that_is_not_there_has_no_manifest(programs: Programs) -> None:
    programs.answer("helm", "get", "manifest", err="Error: release: not found", code=1)

    assert KubectlSite().manifest(release="aiconform", namespace="lab") is None


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("", NamespaceState.ABSENT),
        ('{"status": {"phase": "Active"}}', NamespaceState.THERE),
        ('{"status": {"phase": "Terminating"}}', NamespaceState.GOING),
    ],
)
def test_state_of_a_namespace(programs: Programs, found: str, expected: NamespaceState) -> None:
    programs.answer("kubectl", "get", "namespace", out=found)

    assert KubectlSite().namespace_state("lab") is expected


def test_removal_waits_for_all_that_the_objects_own(programs: Programs) -> None:
    programs.answer("helm", "uninstall")
    ticks: list[int] = []

    KubectlSite().uninstall(
        release="aiconform", namespace="lab", wait_s=90, meanwhile=lambda: ticks.append(1)
    )
    KubectlSite().uninstall(release="aiconform", namespace="lab", wait_s=0, meanwhile=lambda: None)

    waiting, at_once = (words for _, words, _ in programs.asked)
    assert {"--cascade", "foreground", "--wait", "--timeout", "90s"} <= set(waiting)
    assert "--wait" not in at_once


def test_copy_is_bytes_as_they_are(programs: Programs, tmp_path: Path) -> None:
    data = bytes(range(256)) * 40
    programs.answer("kubectl", "exec", out=data)
    target = tmp_path / "copy"

    KubectlSite().copy_out(
        namespace="lab", pod="p", command=("cat", "/results/x"), target=target, limit_s=10
    )

    assert target.read_bytes() == data
    words = programs.asked[0][1]
    assert words[-2:] == ["cat", "/results/x"]
    assert "coordinator" in words


def test_reviews_are_one_call_and_find_their_answers(programs: Programs) -> None:
    def review(verb: str, **status: object) -> dict[str, object]:
        attributes = {"verb": verb, "group": "", "resource": "pods", "namespace": "lab"}
        spec = {"resourceAttributes": attributes}
        return {"kind": "SelfSubjectAccessReview", "spec": spec, **status}

    yes = json.dumps(review("get", status={"allowed": True}))
    no = json.dumps(review("list", status={"allowed": False}))
    programs.answer("kubectl", "create", out=f"{no}\n{yes}\n", err="one was refused", code=1)

    answers = KubectlSite().review([review("get"), review("watch"), review("list")])

    told = [answer["status"] if answer else None for answer in answers]
    assert told == [{"allowed": True}, None, {"allowed": False}]
    assert len(programs.asked) == 1


def test_missing_program_says_where_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(ConfigError, match=r"helm is not installed.*https://helm.sh"):
        KubectlSite().server_version()


def test_program_that_hangs_is_ended() -> None:
    with pytest.raises(ClusterError, match="did not end within"):
        runner()(("sleep", "60"), None, 0.2)


def test_waiting_is_not_silent() -> None:
    ticks: list[int] = []

    completed = runner(meanwhile=lambda: ticks.append(1))(("sleep", "1.5"), None, 10.0)

    assert completed.code == 0
    assert ticks


def test_child_is_out_of_reach_of_the_terminals_ctrl_c(tmp_path: Path) -> None:
    own_group = tmp_path / "group"
    script = f"import os, pathlib; pathlib.Path({str(own_group)!r}).write_text(str(os.getpgrp()))"
    runner()(("python3", "-c", script), None, 10.0)

    assert int(own_group.read_text()) != os.getpgrp()


def test_interrupt_ends_the_child_and_goes_on_up() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        runner(meanwhile=interrupt)(("sleep", "60"), None, 30.0)

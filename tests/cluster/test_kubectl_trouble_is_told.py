"""What kubectl and helm say becomes an error that tells what to do."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from aiconform.cluster.kubectl import Completed, Helm, Kubectl, execute
from aiconform.model.errors import AiconformError, ClusterError, ConfigError, ForbiddenError


class Program:
    """Answers as told, and keeps what it was asked."""

    def __init__(self, *, code: int = 0, output: str = "", error: str = "") -> None:
        self._answer = Completed(code, output, error)
        self.asked: list[Sequence[str]] = []
        self.text: str | None = None

    def __call__(self, arguments: Sequence[str], text: str | None, limit_s: float) -> Completed:
        self.asked.append(arguments)
        self.text = text
        return self._answer


def kubectl(program: Program) -> Kubectl:
    return Kubectl(namespace="ns", kubeconfig=Path("/k"), context="c", run=program)


@pytest.mark.parametrize(
    ("message", "error", "words"),
    [
        (
            "The connection to the server localhost:8080 was refused - did you specify the right "
            "host or port?", ClusterError, "cluster-info",
        ),
        ("Unable to connect to the server: dial tcp: no such host", ClusterError, "KUBECONFIG"),
        ("error: current-context is not set", ConfigError, "use-context"),
        (
            'error: Error loading config file "/k": open /k: permission denied',
            ConfigError, "KUBECONFIG",
        ),
        (
            'Error from server (Forbidden): pods is forbidden: User "u" cannot list resource "pods"'
            ' in API group ""', ForbiddenError, "not permitted to list pods",
        ),
        ("Error: INSTALLATION FAILED: cannot re-use a name that is still in use", ClusterError,
         "helm uninstall"),
        (
            "Error: values don't meet the specifications of the schema(s): run.profil not allowed",
            ConfigError, "run.profil",
        ),
        ("error: something else", ClusterError, "kubectl get pod x failed: error: something else"),
    ],
)  # fmt: skip
def test_each_failure_has_its_error_and_hint(
    message: str, error: type[AiconformError], words: str
) -> None:
    with pytest.raises(error) as raised:
        kubectl(Program(code=1, error=message)).get("pod", "x")

    assert words in str(raised.value)


def test_missing_program_is_said() -> None:
    with pytest.raises(ConfigError, match="no-such-program is not installed"):
        execute(["no-such-program"], None, 1.0)


def test_program_that_does_not_end_is_stopped() -> None:
    with pytest.raises(ClusterError, match="did not end within"):
        execute(["sleep", "5"], None, 0.1)


def test_context_and_namespace_are_always_given() -> None:
    program = Program(output="{}")
    kubectl(program).get("job", "x")

    assert program.asked == [
        ["kubectl", "--kubeconfig", "/k", "--context", "c", "-n", "ns", "get", "job", "x",
         "--ignore-not-found", "-o", "json"]
    ]  # fmt: skip


def test_absent_object_is_none() -> None:
    assert kubectl(Program(output="\n")).get("job", "x") is None


def test_manifests_go_to_standard_input() -> None:
    program = Program()
    kubectl(program)("apply", "-f", "-", text="kind: Job")

    assert program.text == "kind: Job"


def test_version_is_read() -> None:
    version = json.dumps({"serverVersion": {"gitVersion": "v1.37.2"}})

    assert kubectl(Program(output=version)).server_version() == "v1.37.2"


def test_helm_is_told_the_same() -> None:
    program = Program()
    Helm(namespace="ns", kubeconfig=Path("/k"), context="c", run=program)("uninstall", "r")

    assert program.asked == [
        ["helm", "-n", "ns", "--kubeconfig", "/k", "--kube-context", "c", "uninstall", "r"]
    ]


def test_unreachable_cluster_is_said() -> None:
    program = Program(code=1, error="Unable to connect to the server: x")

    with pytest.raises(ClusterError, match="cannot be reached"):
        kubectl(program)("get", "configmaps")

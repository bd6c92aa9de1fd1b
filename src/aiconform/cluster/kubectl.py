"""
The cluster from the user's side: kubectl and helm, as the user has set them up.

The command line works with whatever kubeconfig, context, credential plugin and proxy kubectl
understands, so it asks kubectl rather than the API server.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiconform.model.errors import ClusterError, ConfigError, ConflictError, ForbiddenError

LIMIT_S = 60.0
_TAIL = 1500  # characters of an error message that are kept

_UNREACHABLE = (
    "connection refused",
    "unable to connect to the server",
    "no such host",
    "i/o timeout",
    "was refused - did you specify the right host or port",
    "tls handshake timeout",
    "connection timed out",
)
_NO_CONFIG = (
    "no configuration has been provided",
    "current-context is not set",
    "error loading config file",
    "invalid configuration",
)


@dataclass(frozen=True)
class Completed:
    """How a program ended, and what it said."""

    code: int
    output: str
    error: str


Execute = Callable[[Sequence[str], str | None, float], Completed]  # arguments, input, limit_s


def execute(arguments: Sequence[str], text: str | None, limit_s: float) -> Completed:
    """
    Run a program.

    Raises:
        ConfigError: It is not installed.
        ClusterError: It did not end within `limit_s`.
    """
    program = arguments[0]
    if shutil.which(program) is None:
        raise ConfigError(f"{program} is not installed, or not in PATH", hint=_install(program))
    try:
        done = subprocess.run(
            arguments, input=text, capture_output=True, text=True, timeout=limit_s, check=False
        )
    except subprocess.TimeoutExpired:
        raise ClusterError(
            f"{program} {_words(arguments)} did not end within {limit_s:g} s",
            hint="Is the cluster reachable? `kubectl cluster-info` tells",
        ) from None
    return Completed(done.returncode, done.stdout, done.stderr)


class Kubectl:
    """
    kubectl in one namespace.

    Raises (every method):
        ConfigError: kubectl or a kubeconfig is missing.
        ForbiddenError, ConflictError, ClusterError: The cluster refused, or cannot be reached.
    """

    def __init__(
        self,
        *,
        namespace: str,
        kubeconfig: Path | None = None,
        context: str | None = None,
        run: Execute = execute,
    ) -> None:
        self._namespace, self._run = namespace, run
        self._base = ["kubectl"]
        if kubeconfig is not None:
            self._base += ["--kubeconfig", str(kubeconfig)]
        if context is not None:
            self._base += ["--context", context]

    @property
    def namespace(self) -> str:
        return self._namespace

    def __call__(self, *arguments: str, text: str | None = None, limit_s: float = LIMIT_S) -> str:
        """Any kubectl command in the namespace; returns what it printed."""
        done = self._run([*self._base, "-n", self._namespace, *arguments], text, limit_s)
        if done.code != 0:
            raise explain("kubectl", arguments, done)
        return done.output

    def server_version(self) -> str:
        """As "v1.37.2"; the cheapest proof that there is a cluster."""
        version = json.loads(self("version", "-o", "json"))
        return str(version.get("serverVersion", {}).get("gitVersion", "unknown"))

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        """An object as plain JSON; None when there is none."""
        text = self("get", kind, name, "--ignore-not-found", "-o", "json")
        return dict(json.loads(text)) if text.strip() else None

    def exec(self, pod: str, *command: str, container: str, limit_s: float = LIMIT_S) -> str:
        """Run a command in a container; returns what it printed."""
        return self("exec", pod, "-c", container, "--", *command, limit_s=limit_s)

    def logs(self, pod: str, *, container: str, lines: int = 200) -> str:
        """The last lines of a container's log."""
        return self("logs", pod, "-c", container, f"--tail={lines}")


class Helm:
    """helm in one namespace; errors as with `Kubectl`."""

    def __init__(
        self,
        *,
        namespace: str,
        kubeconfig: Path | None = None,
        context: str | None = None,
        run: Execute = execute,
    ) -> None:
        self._run = run
        self._base = ["helm", "-n", namespace]
        if kubeconfig is not None:
            self._base += ["--kubeconfig", str(kubeconfig)]
        if context is not None:
            self._base += ["--kube-context", context]

    def __call__(self, *arguments: str, limit_s: float = 2 * LIMIT_S) -> str:
        done = self._run([*self._base, *arguments], None, limit_s)
        if done.code != 0:
            raise explain("helm", arguments, done)
        return done.output


def explain(program: str, arguments: Sequence[str], done: Completed) -> Exception:
    """What went wrong, as one of our errors, with what a person can do about it."""
    message = (done.error.strip() or done.output.strip() or f"exit code {done.code}")[-_TAIL:]
    words = message.lower()
    if any(known in words for known in _UNREACHABLE):
        return ClusterError(
            f"the cluster cannot be reached: {message}",
            hint="Check `kubectl cluster-info`, KUBECONFIG and the current context",
        )
    if any(known in words for known in _NO_CONFIG):
        return ConfigError(
            f"{program} has no cluster to talk to: {message}",
            hint="Set KUBECONFIG or choose a context with `kubectl config use-context`",
        )
    if "forbidden" in words and "cannot " in words:
        verb, resource = _refused(message)
        return ForbiddenError(
            verb=verb,
            resource=resource,
            hint=f"Your own account lacks this right; ask whoever runs the cluster. {message}",
        )
    if "already exists" in words or "cannot re-use a name" in words:
        return ConflictError(
            message, hint="Remove the earlier one (`helm uninstall`), or choose another name"
        )
    if "values don't meet the specifications of the schema" in words:
        return ConfigError(message, hint="`helm show values` lists what can be set")
    return ClusterError(f"{program} {_words(arguments)} failed: {message}")


def _refused(message: str) -> tuple[str, str]:
    """Verb and resource of `… cannot list resource "pods" in API group "" …`."""
    after = message.partition("cannot ")[2].split(" ")
    verb = after[0] if after else "act"
    resource = after[2].strip('"') if len(after) > 2 else "the resource"
    return verb, resource


def _words(arguments: Sequence[str]) -> str:
    """The beginning of a command, without values that may be long or secret."""
    return " ".join([word for word in arguments if not word.startswith("-")][:3])


def _install(program: str) -> str:
    pages = {"kubectl": "https://kubernetes.io/docs/tasks/tools/", "helm": "https://helm.sh/docs"}
    return f"Install it ({pages.get(program, 'see its documentation')})"

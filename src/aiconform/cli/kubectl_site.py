"""`Site` by way of kubectl and helm, as the person's own kubeconfig has it."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from aiconform.cli.programs import runner
from aiconform.cli.site import ChartArguments, Json, NamespaceState
from aiconform.cluster.kubectl import Completed, Execute, Helm, Kubectl
from aiconform.model.errors import ClusterError, ConfigError, ConflictError

_GET_LIMIT_S = 20.0
_INSTALL_LIMIT_S = 120.0
# Beyond the time that Helm gives itself: it must be able to say why.
_MARGIN_S = 15.0
# Helm says these before it makes anything.
_VALUES_REFUSED = (
    "failed parsing --set",
    "execution error at",
    "failed to parse",
    "cannot unmarshal",
    "chart.yaml file is missing",
    "no such file or directory",
    "not found in",
)


class KubectlSite:
    """Raises what `Site` says."""

    def server_version(self) -> str:
        _helm("default")("version", "--short")
        return _kubectl("default").server_version()

    def namespace_state(self, namespace: str) -> NamespaceState:
        found = _kubectl(namespace).get("namespace", namespace)
        if not found:
            return NamespaceState.ABSENT
        phase = found.get("status", {}).get("phase")
        return NamespaceState.GOING if phase == "Terminating" else NamespaceState.THERE

    def manifest(self, *, release: str, namespace: str) -> str | None:
        try:
            return _helm(namespace)("get", "manifest", release)
        except ClusterError as exc:
            if "release: not found" in exc.problem:
                return None
            raise

    def other_releases(self, *, release: str, namespace: str) -> tuple[str, ...]:
        found = _helm(namespace)("list", "--short").split()
        return tuple(sorted(set(found) - {release}))

    def render(self, arguments: ChartArguments, *, release: str, namespace: str) -> str:
        return _with_values(_helm(namespace), "template", release, arguments)

    def install(
        self, arguments: ChartArguments, *, release: str, namespace: str, make_namespace: bool
    ) -> str:
        create = ("--create-namespace",) if make_namespace else ()
        _with_values(_helm(namespace), "install", release, arguments, *create)
        manifest = self.manifest(release=release, namespace=namespace)
        if manifest is None:
            raise ClusterError(f"release {release} was installed and is gone already")
        return manifest

    def uninstall(
        self, *, release: str, namespace: str, wait_s: float, meanwhile: Callable[[], None]
    ) -> None:
        waiting = ("--cascade", "foreground", "--wait", "--timeout", f"{wait_s:.0f}s")
        helm = _helm(namespace, run=runner(meanwhile=meanwhile))
        helm(
            "uninstall",
            release,
            "--ignore-not-found",
            *(waiting if wait_s else ()),
            limit_s=wait_s + _MARGIN_S,
        )

    def delete_namespace(self, namespace: str, *, wait_s: float) -> None:
        waiting = (f"--timeout={wait_s:.0f}s",) if wait_s else ("--wait=false",)
        what = ("delete", "namespace", namespace, "--ignore-not-found")
        _kubectl(namespace)(*what, *waiting, limit_s=wait_s + _MARGIN_S)

    def job_and_status(
        self, *, namespace: str, job: str, status: str
    ) -> tuple[Json | None, Json | None]:
        names = (f"job.batch/{job}", f"configmap/{status}", "--ignore-not-found")
        found = {each["kind"]: each for each in _get(namespace, *names)}
        return found.get("Job"), found.get("ConfigMap")

    def config_map(self, *, namespace: str, name: str) -> Json | None:
        return _kubectl(namespace).get("configmap", name)

    def pods(self, *, namespace: str, selector: str) -> Sequence[Json]:
        return _get(namespace, "pods", "--selector", selector)

    def events_of(self, *, namespace: str, kind: str, name: str) -> Sequence[Json]:
        about = f"involvedObject.kind={kind},involvedObject.name={name}"
        return sorted(_get(namespace, "events", "--field-selector", about), key=_last_seen)

    def force_delete_pod(self, *, namespace: str, pod: str) -> None:
        how = ("--ignore-not-found", "--force", "--grace-period=0", "--wait=false")
        _kubectl(namespace)("delete", "pod", pod, *how)

    def log_tail(self, *, namespace: str, pod: str, lines: int) -> str:
        return _kubectl(namespace).logs(pod, container="coordinator", lines=lines)

    def copy_out(
        self, *, namespace: str, pod: str, command: Sequence[str], target: Path, limit_s: float
    ) -> None:
        kubectl = _kubectl(namespace, run=runner(into=target))
        kubectl.exec(pod, *command, container="coordinator", limit_s=limit_s)

    def execute(self, *, namespace: str, pod: str, command: Sequence[str]) -> None:
        _kubectl(namespace).exec(pod, *command, container="coordinator")

    def nodes(self) -> Sequence[Json]:
        return _get("default", "nodes")

    def pods_everywhere(self) -> Sequence[Json]:
        return _get("default", "pods", "--all-namespaces")

    def review(self, reviews: Sequence[Json]) -> Sequence[Json | None]:
        listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(reviews)})
        run = _Lenient(runner())
        text = _kubectl("default", run=run)("create", "-f", "-", "-o", "json", text=listed)
        answered = [item for document in _documents(text) for item in _items(document)]
        return [_answer_to(review, answered) for review in reviews]


class _Lenient:
    """Counts a program that printed something as successful: some of its objects were refused."""

    def __init__(self, run: Execute) -> None:
        self._run = run

    def __call__(self, arguments: Sequence[str], text: str | None, limit_s: float) -> Completed:
        completed = self._run(arguments, text, limit_s)
        code = 0 if completed.output.strip() else completed.code
        return Completed(code, completed.output, completed.error)


def _with_values(helm: Helm, verb: str, release: str, arguments: ChartArguments, *more: str) -> str:
    """
    Raises:
        ConfigError: The chart or its values are refused; nothing was made.
        ConflictError: There is a release of that name.
    """
    words = [f"--values={file}" for file in arguments.value_files]
    words += [f"--set={value}" for value in arguments.sets]
    words += [f"--set-file={value}" for value in arguments.set_files]
    if arguments.run_name:
        words.append(f"--set-string=run.name={arguments.run_name}")
    try:
        return helm(verb, release, str(arguments.chart), *words, *more, limit_s=_INSTALL_LIMIT_S)
    except ConflictError as exc:
        if "cannot re-use a name" in exc.problem:
            raise
        raise ClusterError(exc.problem, hint=exc.hint) from exc
    except ClusterError as exc:
        if any(words in exc.problem.lower() for words in _VALUES_REFUSED):
            hint = "`helm show values` lists what can be set"
            raise ConfigError(_without_noise(exc.problem), hint=hint) from exc
        raise
    except ConfigError as exc:
        raise ConfigError(_without_noise(exc.problem), hint=exc.hint) from exc


def _without_noise(said: str) -> str:
    """Helm says an error twice, as a log line and after "Error:"; once is enough."""
    lines = [line for line in said.splitlines() if not line.startswith("level=")]
    text = "\n".join(lines).strip()
    for prefix in ("Error: ", "INSTALLATION FAILED: "):
        text = text.removeprefix(prefix)
    return text


def _answer_to(review: Json, answered: Sequence[Json]) -> Json | None:
    """A refused review has no answer, so answers are found by what they answer."""
    for answer in answered:
        same_kind = answer.get("kind") == review["kind"]
        if same_kind and _asked(answer) == _asked(review):
            return answer
    return None


def _asked(review: Json) -> dict[str, Any]:
    """What is asked, without empty fields: the API server leaves them out."""
    spec = review.get("spec", {})
    attributes = {k: v for k, v in spec.get("resourceAttributes", {}).items() if v}
    return {"user": spec.get("user"), **attributes}


def _get(namespace: str, *words: str) -> list[Json]:
    text = _kubectl(namespace)("get", *words, "-o", "json", limit_s=_GET_LIMIT_S)
    return _items(json.loads(text)) if text.strip() else []


def _items(document: Any) -> list[Json]:
    if str(document.get("kind", "")).endswith("List"):
        return list(document.get("items", []))
    return [document]


def _documents(text: str) -> Iterator[Any]:
    """kubectl prints one JSON document after the other."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        document, at = decoder.raw_decode(text, at)
        yield document


def _last_seen(event: Json) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or "")


def _kubectl(namespace: str, *, run: Execute | None = None) -> Kubectl:
    return Kubectl(namespace=namespace, run=run or runner())


def _helm(namespace: str, *, run: Execute | None = None) -> Helm:
    return Helm(namespace=namespace, run=run or runner())

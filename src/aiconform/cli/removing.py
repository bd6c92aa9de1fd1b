"""Take a release away again, to the last object, and say how when that cannot be done here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from aiconform.cli.clock import Clock
from aiconform.cli.site import Json, NamespaceState, Site
from aiconform.cluster.trouble import mapping
from aiconform.model.errors import AiconformError, ClusterError

UNINSTALL_LIMIT_S = 120.0
NAMESPACE_LIMIT_S = 90.0
# Beyond its grace period; then its node does not answer, and only we wait for it.
STUCK_S = 10.0
LOOK_EVERY_S = 3.0


@dataclass
class Removal:
    """
    Removes one release, and the namespace if this command made it.

    `say` is told what is waited for.
    """

    site: Site
    release: str
    namespace: str  # the release's
    pods_namespace: str  # where its objects are
    selector: str
    made_namespace: bool
    clock: Clock
    say: Callable[[str], None]
    _looked: float = 0.0

    def remove(self) -> None:
        """
        Raises:
            ClusterError: Something stays; the hint has the commands that remove it.
        """
        try:
            self.site.uninstall(
                release=self.release,
                namespace=self.namespace,
                wait_s=UNINSTALL_LIMIT_S,
                meanwhile=self._free_stuck_pods,
            )
            self._wait_for_pods()
            if self.made_namespace:
                self._delete_namespace(NAMESPACE_LIMIT_S)
        except AiconformError as exc:
            raise ClusterError(
                f"not everything was removed: {exc.problem}", hint=self.commands()
            ) from exc

    def remove_at_once(self) -> None:
        """Ask for the removal, wait for nothing, and say how to see to the rest."""
        try:
            self.site.uninstall(
                release=self.release, namespace=self.namespace, wait_s=0.0, meanwhile=lambda: None
            )
            if self.made_namespace:
                self._delete_namespace(0.0)
        except AiconformError as exc:
            self.say(f"not everything was removed: {exc.problem}")
        self.say(f"Removal was asked for and not waited for. {self.commands()}")

    def commands(self) -> str:
        """What a person types to remove the release."""
        uninstall = (
            f"helm uninstall {self.release} --namespace {self.namespace} --ignore-not-found "
            "--cascade foreground --wait"
        )
        namespace = f" && kubectl delete namespace {self.namespace} --ignore-not-found"
        return f"Remove the rest by: {uninstall}{namespace if self.made_namespace else ''}"

    def _delete_namespace(self, wait_s: float) -> None:
        others = self.site.other_releases(release=self.release, namespace=self.namespace)
        if others:
            self.say(f"namespace {self.namespace} stays: {', '.join(others)} was installed there")
            return
        if self.site.namespace_state(self.namespace) is not NamespaceState.ABSENT:
            self.site.delete_namespace(self.namespace, wait_s=wait_s)

    def _wait_for_pods(self) -> None:
        deadline = self.clock.monotonic() + UNINSTALL_LIMIT_S
        while pods := self._pods():
            if self.clock.monotonic() > deadline:
                names = ", ".join(_name(pod) for pod in pods[:5])
                raise ClusterError(f"{len(pods)} pods are still there ({names})")
            self._free_stuck_pods()
            self.clock.sleep(0.5)

    def _free_stuck_pods(self) -> None:
        """A pod of ours on a node that does not answer is never confirmed gone: let it go."""
        if self.clock.monotonic() - self._looked < LOOK_EVERY_S:
            return
        self._looked = self.clock.monotonic()
        for pod in self._pods():
            if self.clock.now() - _deletion_due(pod) > STUCK_S:
                node = mapping(pod.get("spec")).get("nodeName", "no node")
                self.say(f"pod {_name(pod)} on {node} does not end: its object is removed")
                self.site.force_delete_pod(namespace=self.pods_namespace, pod=_name(pod))

    def _pods(self) -> list[Json]:
        return list(self.site.pods(namespace=self.pods_namespace, selector=self.selector))


def _name(pod: Json) -> str:
    return str(mapping(pod.get("metadata")).get("name", ""))


def _deletion_due(pod: Json) -> float:
    """Unix seconds at which the pod was to be gone; far in the future when it was not deleted."""
    stamp = mapping(pod.get("metadata")).get("deletionTimestamp")
    if not stamp:
        return float("inf")
    return datetime.fromisoformat(str(stamp)).timestamp()

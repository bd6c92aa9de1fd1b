"""
One `aiconform run`: look before, install, follow, fetch, show, and remove whatever happens.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiconform.cli.clock import Clock
from aiconform.cli.coordinator import Phase
from aiconform.cli.fetching import (
    Fetched,
    Source,
    fetch_as_it_is,
    fetch_results,
    occupied,
    release,
)
from aiconform.cli.following import Followed, Follower
from aiconform.cli.installed import Installed, read_manifest
from aiconform.cli.interrupts import Interrupted, Interrupts
from aiconform.cli.removing import Removal
from aiconform.cli.site import ChartArguments, NamespaceState, Site
from aiconform.cli.view import View
from aiconform.model.errors import AiconformError, ConfigError, ConflictError

# After Ctrl-C nobody wants to wait long for what is there so far.
SALVAGE_LIMIT_S = 30.0


@dataclass(frozen=True)
class Order:
    """What was asked for."""

    arguments: ChartArguments
    release: str
    namespace: str
    results: Path
    keep: bool = False


@dataclass(frozen=True)
class Ended:
    """What came of it: results, and what was wrong with the run itself, if anything."""

    fetched: Fetched | None
    problem: AiconformError | None = None


class Running:
    """
    Args:
        say: Takes a line for the person who waits.
        show: Takes the results as soon as they are here.
    """

    def __init__(
        self,
        site: Site,
        order: Order,
        *,
        clock: Clock,
        interrupts: Interrupts,
        view: Callable[[], View],
        say: Callable[[str], None],
        show: Callable[[Fetched], None],
    ) -> None:
        self._site, self._order, self._clock, self._view = site, order, clock, view
        self._interrupts, self._say, self._show = interrupts, say, show
        self._installed: Installed | None = None
        self._made_namespace = False

    def run(self) -> Ended:
        """
        Raises:
            ConfigError: Nothing was created.
            ClusterError: The run broke, or something of it could not be removed.
            Interrupted: By a signal; what could be removed was.
        """
        self._made_namespace = self._look_before()
        try:
            ended = self._to_the_results()
        except ConflictError:
            raise  # the release is somebody else's, made since we looked
        except BaseException as exc:
            self._after(exc)
            raise
        self._tidy()
        return ended

    def _look_before(self) -> bool:
        """Refuse what cannot go well; says whether the namespace will be ours."""
        order, site = self._order, self._site
        name = order.arguments.run_name
        if occupied(order.results, name):
            raise ConfigError(
                f"{order.results / name} has results of an earlier run {name}",
                hint="Give another --name or another --results directory",
            )
        version = site.server_version()
        self._say(f"Kubernetes {version} answers; run {name}, release {order.release}")
        if site.manifest(release=order.release, namespace=order.namespace) is not None:
            raise ConfigError(
                f"release {order.release} is in namespace {order.namespace} already; "
                "is a run in progress?",
                hint=f"Watch it by `aiconform follow {self._where()}`, or "
                f"remove it by `{self._uninstall_command()}`",
            )
        state = site.namespace_state(order.namespace)
        if state is NamespaceState.GOING:
            raise ConfigError(
                f"namespace {order.namespace} is still being deleted",
                hint=f"Wait: kubectl wait --for=delete namespace/{order.namespace}",
            )
        return state is NamespaceState.ABSENT

    def _to_the_results(self) -> Ended:
        order = self._order
        manifest = self._site.install(
            order.arguments,
            release=order.release,
            namespace=order.namespace,
            make_namespace=self._made_namespace,
        )
        self._installed = installed = read_manifest(manifest, release=order.release)
        with self._view() as view:
            followed = Follower(self._site, installed, view=view, clock=self._clock).follow()
        if followed.problem is not None:
            return self._broken(installed, followed)
        return self._fetch(installed, followed)

    def _fetch(self, installed: Installed, followed: Followed) -> Ended:
        source = Source.of(self._site, installed, followed, self._order.results)
        fetched, problem = fetch_results(source, followed.status, self._say)
        self._show(fetched)
        if not self._order.keep:
            release(source)
        return Ended(fetched, problem)

    def _broken(self, installed: Installed, followed: Followed) -> Ended:
        """The run gave no results; take what its pod may still hold."""
        assert followed.problem is not None
        alive = followed.phase is Phase.AT_WORK
        fetched = self._salvaged(installed, followed.pod if alive else None)
        if fetched is None:
            raise followed.problem
        self._show(fetched)
        return Ended(fetched, followed.problem)

    def _after(self, exc: BaseException) -> None:
        """Tidy after something went wrong, without losing what it was."""
        try:
            if isinstance(exc, Interrupted):
                self._say("Stopping: fetching what is there, then removing what was made.")
                self._salvage()
            if not (isinstance(exc, ConfigError) and self._nothing_there()):
                self._tidy()
        except Interrupted:
            self._removal().remove_at_once()
        except AiconformError as problem:
            self._say(str(problem))

    def _nothing_there(self) -> bool:
        order, site = self._order, self._site
        if site.manifest(release=order.release, namespace=order.namespace) is not None:
            return False
        absent = site.namespace_state(order.namespace) is NamespaceState.ABSENT
        return absent or not self._made_namespace

    def _salvage(self) -> None:
        if self._installed is None:
            return
        installed = self._installed
        pods = self._site.pods(namespace=installed.namespace, selector=installed.coordinators)
        running = [p for p in pods if p.get("status", {}).get("phase") == "Running"]
        pod = str(running[-1]["metadata"]["name"]) if running else None
        fetched = self._salvaged(installed, pod)
        if fetched is not None:
            self._say(f"What there was is in {fetched.directory}")

    def _salvaged(self, installed: Installed, pod: str | None) -> Fetched | None:
        if pod is None:
            return None
        source = Source(self._site, installed, pod, self._order.results)
        try:
            return fetch_as_it_is(source, limit_s=SALVAGE_LIMIT_S)
        except AiconformError as exc:
            self._say(f"Nothing of the run could be fetched: {exc.problem}")
            return None

    def _tidy(self) -> None:
        if self._order.keep:
            self._say_kept()
            return
        self._interrupts.tidying()
        self._say("Removing what was made …")
        self._removal().remove()
        self._say("Nothing is left in the cluster.")

    def _removal(self) -> Removal:
        order, installed = self._order, self._installed
        return Removal(
            site=self._site,
            release=order.release,
            namespace=order.namespace,
            pods_namespace=installed.namespace if installed else order.namespace,
            selector=f"app.kubernetes.io/name=aiconform,app.kubernetes.io/instance={order.release}",
            made_namespace=self._made_namespace,
            clock=self._clock,
            say=self._say,
        )

    def _say_kept(self) -> None:
        order = self._order
        self._say("Kept as asked. From here on:")
        self._say(f"    aiconform follow {self._where()}")
        self._say(f"    aiconform fetch {self._where()}")
        self._say(f"    {self._uninstall_command()}")
        if self._made_namespace:
            self._say(f"    kubectl delete namespace {order.namespace}")

    def _where(self) -> str:
        return f"--namespace {self._order.namespace} --release {self._order.release}"

    def _uninstall_command(self) -> str:
        order = self._order
        return (
            f"helm uninstall {order.release} --namespace {order.namespace} "
            "--cascade foreground --wait"
        )

"""Tell of every change of a run's pods and of the nodes, across breaks of the watch."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, Protocol

import structlog

from aiconform.cluster.connection import load_configuration
from aiconform.cluster.facts import PodFacts, node_facts, pod_facts
from aiconform.cluster.memory import Memory
from aiconform.cluster.watcher import Watcher
from aiconform.model.errors import ClusterError, ForbiddenError
from aiconform.model.plan import NodeFacts

log = structlog.get_logger()

_AGAIN_S = 2.0
_BREAKS_UNTIL_GIVEN_UP = 20  # one after the other, without a single event in between
_SETTLE_S = 10.0
_STOP_S = 5.0

Kind = Literal["pod", "node"]
OnPod = Callable[[PodFacts], None]


class OnNode(Protocol):
    def __call__(self, facts: NodeFacts, /, *, deleted: bool = False) -> None: ...


class Watch(Protocol):
    """What `watch` does; a cluster in memory brings its own."""

    async def __call__(
        self, *, namespace: str, run: str, on_pod: OnPod, on_node: OnNode
    ) -> None: ...


async def watch(
    *,
    namespace: str,
    run: str,
    on_pod: OnPod,
    on_node: OnNode,
    kubeconfig: Path | None = None,
) -> None:
    """
    Watch until cancelled. First everything that is there is told, then every change.

    A broken watch begins again by itself; what went away meanwhile is told as deleted.

    Raises:
        ForbiddenError: We may not list or watch pods or nodes.
        ClusterError: There is no way to the API server, or the watch broke again and again.
    """
    await load_configuration(kubeconfig)  # what is wrong with it does not mend itself
    watching = _Watching(on_pod, on_node)
    while True:
        problem = await watching.once(namespace=namespace, run=run, kubeconfig=kubeconfig)
        if isinstance(problem, ForbiddenError) or watching.breaks >= _BREAKS_UNTIL_GIVEN_UP:
            raise problem
        log.warning("watch.broken", problem=problem.problem, again_s=_AGAIN_S)
        await asyncio.sleep(_AGAIN_S)


class _Watching:
    """What survives a break: the callers, and what was seen."""

    def __init__(self, on_pod: OnPod, on_node: OnNode) -> None:
        self._on_pod, self._on_node = on_pod, on_node
        self._memory = Memory()
        self._sweep: asyncio.TimerHandle | None = None
        self.breaks = 0

    async def once(self, *, namespace: str, run: str, kubeconfig: Path | None) -> ClusterError:
        """Watch until it breaks; returns why."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[ClusterError | None] = loop.create_future()
        watcher = Watcher(
            namespace=namespace,
            run=run,
            kubeconfig=kubeconfig,
            seen=lambda kind, found, deleted: _in(loop, self._seen, kind, found, deleted),
            ended=lambda problem: _in(loop, _settle, ended, problem),
        )
        self._memory.begin()
        watcher.start()
        try:
            problem = await ended
        finally:
            if self._sweep is not None:
                self._sweep.cancel()
                self._sweep = None
            watcher.stop()
            await loop.run_in_executor(None, watcher.join, _STOP_S)
        self.breaks += 1
        return problem or ClusterError("the watch was stopped")

    def _seen(self, kind: Kind, found: Mapping[str, Any], deleted: bool) -> None:
        if self.breaks and self._sweep is None:
            # kopf does not say where its list ends: what is there comes within a moment.
            loop = asyncio.get_running_loop()
            self._sweep = loop.call_later(_SETTLE_S, self._tell_vanished)
        self._memory.saw(kind, found, deleted=deleted)
        self._tell(kind, found, deleted=deleted)

    def _tell_vanished(self) -> None:
        self.breaks = 0
        for kind, found in self._memory.vanished():
            self._tell(kind, found, deleted=True)

    def _tell(self, kind: Kind, found: Mapping[str, Any], *, deleted: bool) -> None:
        if kind == "pod":
            self._on_pod(pod_facts(found, deleted=deleted))
        else:
            self._on_node(node_facts(found), deleted=deleted)


def _in(loop: asyncio.AbstractEventLoop, call: Callable[..., None], *arguments: object) -> None:
    with suppress(RuntimeError):  # the loop is closed: nobody listens any more
        loop.call_soon_threadsafe(call, *arguments)


def _settle(ended: "asyncio.Future[ClusterError | None]", problem: ClusterError | None) -> None:
    if not ended.done():
        ended.set_result(problem)

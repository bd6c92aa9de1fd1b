"""
kopf, embedded: events of one run's pods and of all nodes, and nothing else.

It has a thread and an event loop of its own. In a loop that it shares, kopf cancels every task
that was made after its start when it ends, ours included, and in the main thread it takes over
SIGINT and SIGTERM. It makes no object, writes to none, and needs list and watch alone.
"""

import asyncio
import logging
import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, cast

import structlog

from aiconform.cluster.connection import load_configuration
from aiconform.cluster.facts import RUN_LABEL
from aiconform.cluster.rights import hint_for
from aiconform.model.errors import ClusterError, ForbiddenError

log = structlog.get_logger()

Seen = Callable[[Literal["pod", "node"], Mapping[str, Any], bool], None]  # kind, object, deleted

# How long kopf tries by itself before it gives up and we look at why.
_ERROR_BACKOFFS_S = (0.5, 1, 2)
_FORBIDDEN = re.compile(r'cannot (\w+) resource "([^"]+)" in API group "([^"]*)"')


class Watcher:
    """
    One life of the operator: from `start` until `stop` or until it breaks.

    Args:
        seen: Called in this thread for each event.
        ended: Called in this thread, once, with what broke it; None after `stop`.
    """

    def __init__(
        self,
        *,
        namespace: str,
        run: str,
        kubeconfig: Path | None,
        seen: Seen,
        ended: Callable[[ClusterError | None], None],
    ) -> None:
        self._namespace, self._run, self._kubeconfig = namespace, run, kubeconfig
        self._seen, self._ended = seen, ended
        self._loop = asyncio.new_event_loop()
        # What kopf leaves behind when it breaks is said once, by `ended`.
        self._loop.set_exception_handler(_note_debris)
        self._stop = asyncio.Event()
        self._login_problem: ClusterError | None = None
        # A daemon: it must never keep the process alive.
        self._thread = threading.Thread(target=self._live, name="watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self, limit_s: float) -> None:
        """Wait for its end."""
        self._thread.join(limit_s)

    def stop(self) -> None:
        """End soon; safe from any thread, and after the end, too."""
        try:
            self._loop.call_soon_threadsafe(self._stop.set)
        except RuntimeError:  # the loop is closed: it has ended
            self._stop.set()

    def _live(self) -> None:
        problem: ClusterError | None = None
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._operate())
            problem = self._login_problem
            if not self._stop.is_set():
                problem = ClusterError("the watch ended by itself")
        except BaseException as exc:  # noqa: BLE001 - handed to whoever waits for the watch
            problem = self._login_problem or translate(exc)
        self._ended(problem)

    async def _operate(self) -> None:
        import kopf

        # What breaks it is said once, by `ended`, and not attempt by attempt.
        logging.getLogger("kopf").setLevel(logging.CRITICAL)
        await kopf.operator(
            registry=self._registry(),
            settings=self._settings(),
            # kopf would make one up from the user's name, and an arbitrary user has none.
            identity=cast(Any, "aiconform"),
            standalone=True,
            namespaces=[self._namespace],
            stop_flag=self._stop,
        )

    def _settings(self) -> Any:
        import kopf

        settings = kopf.OperatorSettings()
        settings.scanning.disabled = True  # else it wants to list namespaces and CRDs
        settings.posting.enabled = False
        settings.process.ultimate_exiting_timeout = None  # else SIGKILL, ten minutes later
        settings.networking.error_backoffs = _ERROR_BACKOFFS_S
        selector = f"{RUN_LABEL}={self._run}"
        settings.watching.label_selectors["", "v1", "pods"] = selector
        return settings

    def _registry(self) -> Any:
        import kopf

        registry = kopf.OperatorRegistry()

        async def log_in(**_: Any) -> Any:
            try:
                return await self._connection_info()
            except ClusterError as exc:
                # kopf itself would go on for ever without credentials.
                self._login_problem = exc
                self._stop.set()
                raise kopf.PermanentError(exc.problem) from exc

        def on_pod(event: Mapping[str, Any], **_: Any) -> None:
            self._seen("pod", event["object"], event["type"] == "DELETED")

        def on_node(event: Mapping[str, Any], **_: Any) -> None:
            self._seen("node", event["object"], event["type"] == "DELETED")

        kopf.on.login(registry=registry, retries=1)(log_in)
        kopf.on.event("", "v1", "pods", registry=registry)(on_pod)
        kopf.on.event("", "v1", "nodes", registry=registry)(on_node)
        return registry

    async def _connection_info(self) -> Any:
        """
        Called at the start and after HTTP 401: a rotated token is read then.

        No `expiration`: with one, no two answers are equal, and kopf would try a refused token
        again and again instead of giving up.
        """
        import kopf

        configuration = await load_configuration(self._kubeconfig)
        token = configuration.api_key.get("BearerToken", "")
        return kopf.ConnectionInfo(
            server=configuration.host,
            ca_path=configuration.ssl_ca_cert,
            insecure=not configuration.verify_ssl,
            certificate_path=configuration.cert_file,
            private_key_path=configuration.key_file,
            scheme="Bearer" if token else None,
            token=re.sub("^bearer ", "", token, flags=re.IGNORECASE) or None,
        )


def _note_debris(_: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    log.debug("watch.debris", what=context.get("message"), error=repr(context.get("exception")))


def translate(exc: BaseException) -> ClusterError:
    """What broke the operator, as one of our errors."""
    if isinstance(exc, ClusterError):
        return exc
    if found := _FORBIDDEN.search(str(exc)):
        verb, plural, group = found.groups()
        resource = f"{plural}.{group}" if group else plural
        return ForbiddenError(verb=verb, resource=resource, hint=hint_for(verb, resource))
    return ClusterError(f"the watch of pods and nodes broke: {type(exc).__name__}: {exc}"[:900])

"""
Wait for a run's end without ever hanging: what is awaited is said, and every wait has a limit.

The status ConfigMap says how far the run is, and the Job and its pod say why it is not further.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from aiconform.cli.clock import Clock
from aiconform.cli.coordinator import Coordinator, Phase, coordinator
from aiconform.cli.installed import Installed
from aiconform.cli.site import Json, Site
from aiconform.cli.view import View
from aiconform.model.errors import ClusterError, ForbiddenError, ResultsError
from aiconform.model.status import Status

POLL_S = 1.0
# A trouble that no waiting cures may still be a passing sight of an old pod.
FINAL_PATIENCE_S = 10.0
# An API server that restarts is back within a minute or two.
SILENCE_LIMIT_S = 180.0
# A pod at work is looked at less often than its status.
POD_EVERY = 5
LOG_LINES = 15
ENDED_STAGES = frozenset({"hold", "done"})


@dataclass(frozen=True)
class Followed:
    """How following ended. `problem` is None when the results wait to be fetched."""

    status: Status | None
    pod: str | None
    phase: Phase
    problem: ClusterError | None = None


class Follower:
    """Follows one run to its end."""

    def __init__(self, site: Site, installed: Installed, *, view: View, clock: Clock) -> None:
        self._site, self._installed, self._view, self._clock = site, installed, view, clock
        self._status: Status | None = None
        self._coordinator = Coordinator(Phase.AWAITED)
        self._began = clock.monotonic()
        self._heard = self._began
        self._final_since: float | None = None
        self._ticks = 0

    def follow(self) -> Followed:
        """Return when the results are ready, or when it is clear that they never will be."""
        while True:
            try:
                problem = self._look()
            except ForbiddenError:
                raise
            except ClusterError as exc:
                problem = self._silence(exc)
            else:
                self._heard = self._clock.monotonic()
            if problem is not None or self._ready():
                found = self._coordinator
                return Followed(self._status, found.pod, found.phase, problem)
            self._clock.sleep(POLL_S)

    def _ready(self) -> bool:
        return self._status is not None and self._status.stage in ENDED_STAGES

    def _look(self) -> ClusterError | None:
        installed = self._installed
        job, status = self._site.job_and_status(
            namespace=installed.namespace, job=installed.job, status=installed.status
        )
        self._status = _status(status) or self._status
        if self._due():
            self._coordinator = self._look_at_pod(job)
        self._ticks += 1
        if self._ready():
            # The pod that holds the results, not the one that was seen some ticks ago.
            self._coordinator = self._look_at_pod(job)
            return None
        self._show()
        return self._hopeless()

    def _due(self) -> bool:
        at_work = self._coordinator.phase is Phase.AT_WORK
        return not at_work or self._ticks % POD_EVERY == 0

    def _look_at_pod(self, job: Json | None) -> Coordinator:
        installed = self._installed
        pods = self._site.pods(namespace=installed.namespace, selector=installed.coordinators)
        events: Sequence[Json] = ()
        if job is not None and not pods:
            events = self._site.events_of(
                namespace=installed.namespace, kind="Job", name=installed.job
            )
        return coordinator(job, pods, events)

    def _show(self) -> None:
        if self._status is not None:
            self._view.status(self._status)
        if self._coordinator.phase is Phase.AWAITED:
            self._view.coordinator(self._coordinator)

    def _hopeless(self) -> ClusterError | None:
        """Why waiting longer is of no use, if it is not."""
        found, passed_s = self._coordinator, self._clock.monotonic() - self._began
        if found.phase in {Phase.ENDED, Phase.GONE}:
            return self._broken(f"the coordinator ended early ({found.reason}): {found.sentence}")
        if found.final and self._patience_ends():
            return self._broken(f"the coordinator cannot start ({found.reason}): {found.sentence}")
        if not found.final:
            self._final_since = None
        start_s = self._installed.config.limits.start_s
        if found.phase is Phase.AWAITED and self._status is None and passed_s > start_s:
            return self._broken(
                f"the coordinator did not start within {start_s:.0f} s ({found.reason}): "
                f"{found.sentence}"
            )
        if passed_s > start_s + self._installed.give_up_s:
            return self._broken(f"the run gave no result within {passed_s:.0f} s")
        return None

    def _patience_ends(self) -> bool:
        now = self._clock.monotonic()
        if self._final_since is None:
            self._final_since = now
        return now - self._final_since >= FINAL_PATIENCE_S

    def _silence(self, exc: ClusterError) -> ClusterError | None:
        silent_s = self._clock.monotonic() - self._heard
        if silent_s > SILENCE_LIMIT_S:
            return exc
        left_s = SILENCE_LIMIT_S - silent_s
        self._view.line(f"the API server does not answer ({left_s:.0f} s left): {exc.problem}")
        return None

    def _broken(self, problem: str) -> ClusterError:
        installed, pod = self._installed, self._coordinator.pod
        if not pod:
            events = f"kubectl get events --namespace {installed.namespace}"
            return ClusterError(problem, hint=f"See `{events}`")
        tail = self._log_tail(pod)
        told = f"{problem}\nIts last words:\n{tail}" if tail else problem
        describe = f"kubectl describe pod {pod} --namespace {installed.namespace}"
        return ClusterError(told, hint=f"See `{describe}` (while the release is there: --keep)")

    def _log_tail(self, pod: str) -> str:
        try:
            tail = self._site.log_tail(
                namespace=self._installed.namespace, pod=pod, lines=LOG_LINES
            )
        except ClusterError:  # a pod that never started has no log, and its reason is told already
            return ""
        return "\n".join(f"    {line}" for line in tail.splitlines())


def _status(config_map: Json | None) -> Status | None:
    """
    Raises:
        ResultsError: The status is of another version of aiconform.
    """
    text = (config_map or {}).get("data", {}).get("status.json")
    if not text:
        return None
    try:
        return Status.model_validate_json(text)
    except ValidationError as exc:
        raise ResultsError(
            f"the run's status cannot be read ({exc.error_count()} problems)",
            hint="Use the command line of the version that runs in the cluster",
        ) from exc

"""
Every planned node ends with a report or with a reason.

The node list of the plan is the ledger, not the DaemonSet's counters: a DaemonSet leaves out nodes
that it may not use and still looks complete.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiconform.campaign.recorder import Recorder
from aiconform.cluster.facts import PodFacts
from aiconform.collector.tasks import TaskBoard
from aiconform.model.plan import Limits, NodeFacts
from aiconform.model.records import NodeChanged, NodeState


@dataclass(frozen=True)
class Sighting:
    """What is known of one node now. Seconds count from the start of waiting, or of silence."""

    node: str
    state: NodeState
    pod: PodFacts | None
    facts: NodeFacts | None  # None: the node is gone
    said_hello: bool
    waited_s: float
    silent_s: float


def next_change(seen: Sighting, limits: Limits) -> NodeChanged | None:
    """The state that this node moves to now, if any."""
    if seen.state in {"waiting", "starting"}:
        return _while_starting(seen, limits)
    if seen.state == "reporting":
        return _while_working(seen, limits)
    return None


def _while_starting(seen: Sighting, limits: Limits) -> NodeChanged | None:
    if seen.said_hello:
        return NodeChanged(node=seen.node, state="reporting", sentence="its agent has reported")
    trouble = seen.pod.trouble if seen.pod else None
    if trouble and trouble.final:
        return _failed(seen, trouble.reason, trouble.sentence)
    if seen.waited_s > limits.start_s:
        return _failed(seen, *_why_not_started(seen, limits))
    if seen.state == "waiting" and seen.pod and seen.pod.scheduled:
        return NodeChanged(node=seen.node, state="starting", sentence="its agent is starting")
    return None


def _why_not_started(seen: Sighting, limits: Limits) -> tuple[str, str]:
    after = f"after {limits.start_s:.0f} s"
    if seen.facts is None:
        return "NodeGone", "the node was removed from the cluster"
    if seen.pod and seen.pod.trouble:
        return seen.pod.trouble.reason, f"{seen.pod.trouble.sentence} ({after})"
    if not seen.facts.ready:
        return (
            "NotReady",
            f"the node is not Ready {after}: {seen.facts.ready_reason or 'no reason given'}",
        )
    if seen.pod is None:
        return "NoPod", f"no agent pod was made for it {after}; see the DaemonSet's events"
    if seen.pod.ready:
        return "NoContact", (
            f"its agent runs, but has not reached the collector {after}: look at the network "
            f"between pod {seen.pod.name} and the collector's Service, and at that pod's log"
        )
    return "Deadline", f"its agent pod {seen.pod.name} is {seen.pod.phase} {after}"


def _while_working(seen: Sighting, limits: Limits) -> NodeChanged | None:
    trouble = seen.pod.trouble if seen.pod else None
    if seen.facts is None:
        return _lost(seen, "NodeGone", "the node was removed from the cluster")
    if trouble and trouble.final:
        return _lost(seen, trouble.reason, trouble.sentence)
    if seen.silent_s <= limits.silent_s:
        return None
    silence = f"its agent was last heard {seen.silent_s:.0f} s ago"
    if not seen.facts.ready:
        return _lost(seen, "NodeLost", f"{silence}, and the node is not Ready")
    if trouble:
        return _lost(seen, trouble.reason, f"{trouble.sentence}; {silence}")
    if seen.pod is None:
        return _lost(seen, "PodGone", f"{silence}, and its pod is gone")
    return _lost(seen, "AgentSilent", f"{silence}, though node and pod look alive")


def _failed(seen: Sighting, reason: str, sentence: str) -> NodeChanged:
    return NodeChanged(node=seen.node, state="failed", reason=reason, sentence=sentence[:2000])


def _lost(seen: Sighting, reason: str, sentence: str) -> NodeChanged:
    return NodeChanged(node=seen.node, state="lost", reason=reason, sentence=sentence[:2000])


class Roster:
    """Gathers what the watches and the collector see, and journals each node's next state."""

    def __init__(
        self,
        *,
        recorder: Recorder,
        board: TaskBoard,
        limits: Limits,
        monotonic: Callable[[], float],
    ) -> None:
        self._recorder, self._board, self._limits = recorder, board, limits
        self._monotonic = monotonic
        self._began = monotonic()
        self._pods: dict[str, PodFacts] = {}
        self._nodes: dict[str, NodeFacts] = {}
        self._gone: set[str] = set()

    def on_pod(self, pod: PodFacts) -> None:
        """A pod of ours was seen. A deleted pod does not hide the one that replaces it."""
        if pod.node is None:
            return
        known = self._pods.get(pod.node)
        if not pod.deleted:
            self._pods[pod.node] = pod
        elif known and known.uid == pod.uid:
            del self._pods[pod.node]

    def on_node(self, facts: NodeFacts, *, deleted: bool = False) -> None:
        if deleted:
            self._gone.add(facts.name)
        else:
            self._gone.discard(facts.name)
            self._nodes[facts.name] = facts

    def expect(self, nodes: Mapping[str, NodeFacts]) -> None:
        """Begin to wait for these nodes' agents."""
        self._began = self._monotonic()
        self._nodes = {**nodes, **self._nodes}

    async def look(self) -> None:
        """Journal every change since the last look."""
        state = self._recorder.state
        if state.planned is None:
            return
        heard = self._board.last_heard()
        changes = [
            change
            for node in state.planned.plan.nodes
            if (change := next_change(self._sighting(node, heard), self._limits)) is not None
        ]
        if changes:
            await self._recorder.append(*changes)

    def _sighting(self, node: str, last_heard: Mapping[str, float]) -> Sighting:
        now, state = self._monotonic(), self._recorder.state
        heard = last_heard.get(node, self._began)
        return Sighting(
            node=node,
            state=state.node_state(node),
            pod=self._pods.get(node),
            facts=None if node in self._gone else self._nodes.get(node),
            said_hello=node in state.addresses,
            waited_s=now - self._began,
            silent_s=now - max(heard, self._began),
        )

    def trouble_of(self, node: str) -> str:
        """Why a node is not there yet, in one sentence, for whoever watches."""
        pod = self._pods.get(node)
        if pod and pod.trouble:
            return f"{pod.trouble.reason}: {pod.trouble.sentence}"
        if pod is None:
            return "no pod yet"
        return f"pod {pod.name} is {pod.phase}"

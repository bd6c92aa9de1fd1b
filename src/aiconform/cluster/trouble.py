"""
Why a pod does not work, named so that a person can act (pure).

Troubles are looked for from the outside in: the pod's end, what disrupts it, whether a node takes
it, and then its containers in their order, init containers first.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_REASON = re.compile(r"[A-Z][A-Za-z0-9]{0,39}")  # of `model.base.ReasonCode`
_SENTENCE_LIMIT = 900

_IMAGE_REASONS = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "ErrImageNeverPull",
        "InvalidImageName",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
# No amount of waiting makes these good.
_FINAL_IMAGE_REASONS = frozenset({"ErrImageNeverPull", "InvalidImageName"})
_FINAL_PULL_WORDS = (
    "code = notfound",
    ": not found",
    "manifest unknown",
    "access denied",
    "unauthorized",
    "403 forbidden",
    "authorization failed",
)
_CREATE_REASONS = frozenset(
    {
        "CreateContainerConfigError",
        "CreateContainerError",
        "PreCreateHookError",
        "PreStartHookError",
        "PostStartHookError",
        "RunContainerError",
    }
)
# A DisruptionTarget condition's reason → ours.
# Source: kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions
_DISRUPTIONS = {
    "PreemptionByScheduler": ("Preempted", "was pre-empted by a pod of higher priority"),
    "DeletionByTaintManager": ("Evicted", "was evicted by a NoExecute taint of its node"),
    "EvictionByEvictionAPI": ("Evicted", "was evicted through the eviction API (a drain?)"),
    "DeletionByPodGC": ("NodeLost", "was removed because its node is gone"),
    "TerminationByKubelet": ("NodeShutdown", "was ended by its kubelet"),
}
# Why a kubelet disrupts, by the pod's own reason.
_KUBELET_ENDS = {
    "Evicted": ("Evicted", "was evicted by its kubelet"),
    "Preempting": ("Preempted", "was removed by its kubelet for a critical pod"),
}
_POD_ENDS = {
    "Terminated": "NodeShutdown",  # as kubelets call it when their node shuts down
    "Shutdown": "NodeShutdown",
}
_COUNT = re.compile(r"^\d+ (node\(s\) )?")  # "1 Insufficient cpu", "2 node(s) had …"
_STARTS_UNTIL_FINAL = 3
_ABSENT_WORDS = ("executable file not found", "no such file or directory")


@dataclass(frozen=True)
class PodTrouble:
    """What keeps a pod from working. `final`: waiting for this very pod is of no use."""

    reason: str  # as Kubernetes has it, or ours: Unschedulable, ImagePullBackOff, NodeLost, …
    sentence: str  # names the image, what is short, or the last message
    final: bool


def pod_trouble(pod: Mapping[str, Any]) -> PodTrouble | None:
    """The pod's trouble; None when it works or is on its way."""
    status = mapping(pod.get("status"))
    if status.get("phase") == "Succeeded":
        return None
    return (
        _disrupted(status)
        or _ended(status)
        or _not_placed(status)
        or next(
            filter(None, (_container(image, state) for image, state in containers_of(pod))), None
        )
        or (_anonymous_end() if status.get("phase") == "Failed" else None)
    )


def containers_of(pod: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(image as the specification names it, status) of each container, init containers first."""
    spec, status = mapping(pod.get("spec")), mapping(pod.get("status"))
    for kind in ("initContainers", "containers"):
        images = {c.get("name"): c.get("image", "") for c in mappings(spec.get(kind))}
        for state in mappings(status.get(f"{kind.removesuffix('s')}Statuses")):
            name = state.get("name")
            yield str(images.get(name) or state.get("image", "")), state


def mapping(value: object) -> Mapping[str, Any]:
    """The value when it is a JSON object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def mappings(value: object) -> Sequence[Mapping[str, Any]]:
    """The JSON objects of a JSON array; empty when it is not one."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _disrupted(status: Mapping[str, Any]) -> PodTrouble | None:
    for condition in mappings(status.get("conditions")):
        if condition.get("type") == "DisruptionTarget" and condition.get("status") == "True":
            cause = str(condition.get("reason", ""))
            reason, what = _DISRUPTIONS.get(cause, ("Disrupted", f"was disrupted ({cause})"))
            if cause == "TerminationByKubelet":
                reason, what = _KUBELET_ENDS.get(str(status.get("reason")), (reason, what))
            message = status.get("message") or condition.get("message")
            return _trouble(reason, f"its pod {what}", message, final=True)
    return None


def _ended(status: Mapping[str, Any]) -> PodTrouble | None:
    """A pod that the kubelet or a controller ended as a whole: evicted, refused, node gone."""
    reason = str(status.get("reason", ""))
    if not reason or (status.get("phase") != "Failed" and reason != "NodeLost"):
        return None
    if reason.startswith("OutOf"):
        what = f"its node had too little {reason.removeprefix('OutOf')} left when the pod arrived"
        return _trouble("OutOfResource", what, status.get("message"), final=True)
    return _trouble(
        _POD_ENDS.get(reason, reason), f"its pod ended: {reason}", status.get("message"), final=True
    )


def _not_placed(status: Mapping[str, Any]) -> PodTrouble | None:
    for condition in mappings(status.get("conditions")):
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            reason = str(condition.get("reason") or "Unschedulable")
            if reason == "SchedulingGated":
                what = "its pod is held back by a scheduling gate"
                return _trouble(reason, what, condition.get("message"), final=False)
            what = "its pod does not fit on this node"
            return _trouble(reason, what, _short_of(condition.get("message")), final=False)
    return None


def _short_of(message: object) -> str:
    """
    What keeps the pod off its node, of what the scheduler says about all nodes.

    "0/4 nodes are available: 1 Insufficient cpu, 3 node(s) didn't satisfy plugin(s) [NodeAffinity].
    preemption: …" → "Insufficient cpu": the other nodes are not meant.
    """
    whole = str(message or "")
    causes = whole.partition(". preemption:")[0].partition(" are available: ")[2].rstrip(".")
    meant = [
        _COUNT.sub("", cause)
        for cause in causes.split(", ")
        if cause and not any(word in cause.lower() for word in ("nodeaffinity", "node affinity"))
    ]
    return ", ".join(meant) or whole


def _container(image: str, status: Mapping[str, Any]) -> PodTrouble | None:
    state = mapping(status.get("state"))
    if waiting := mapping(state.get("waiting")):
        return _waiting(image, status, waiting)
    ended = mapping(state.get("terminated"))
    if ended and ended.get("exitCode") != 0:
        return _terminated(str(status.get("name", "")), ended)
    return None


def _waiting(
    image: str, status: Mapping[str, Any], waiting: Mapping[str, Any]
) -> PodTrouble | None:
    reason, message = str(waiting.get("reason", "")), waiting.get("message")
    name = str(status.get("name", ""))
    if reason in _IMAGE_REASONS:
        return _trouble(
            reason, _image_sentence(reason, image), message, final=_is_final_pull(reason, message)
        )
    if reason in _CREATE_REASONS:
        what = f"container {name} cannot be started"
        return _trouble(reason, what, message, final=_is_hopeless(status, message))
    if reason == "CrashLoopBackOff":
        return _crash_loop(name, status)
    return None  # ContainerCreating, PodInitializing: on its way


def _image_sentence(reason: str, image: str) -> str:
    if reason == "ErrImageNeverPull":
        return f"image {image} is not on the node, and the pull policy is Never"
    if reason == "InvalidImageName":
        return f"{image!r} is not the name of an image"
    return f"image {image} cannot be pulled"


def _is_final_pull(reason: str, message: object) -> bool:
    words = str(message or "").lower()
    return reason in _FINAL_IMAGE_REASONS or any(word in words for word in _FINAL_PULL_WORDS)


def _crash_loop(name: str, status: Mapping[str, Any]) -> PodTrouble:
    restarts = status.get("restartCount", 0)
    ended = mapping(mapping(status.get("lastState")).get("terminated"))
    reason = "OOMKilled" if ended.get("reason") == "OOMKilled" else "CrashLoopBackOff"
    what = f"container {name} ends again and again ({restarts} restarts; {_how(ended)})"
    message = ended.get("message")
    return _trouble(reason, what, message, final=_is_hopeless(status, message))


def _is_hopeless(status: Mapping[str, Any], message: object) -> bool:
    """Started in vain a few times, or what is to be started is not in the image."""
    restarts, words = status.get("restartCount"), str(message or "")
    if "exec: " in words and any(absent in words for absent in _ABSENT_WORDS):
        return True
    return isinstance(restarts, int) and restarts >= _STARTS_UNTIL_FINAL


def _terminated(name: str, ended: Mapping[str, Any]) -> PodTrouble:
    reason = str(ended.get("reason") or "Error")
    if reason == "Error":
        reason = "ContainerFailed"
    # Its kubelet starts it again (restartPolicy Always): the next state tells whether that helps.
    return _trouble(
        reason, f"container {name} ended: {_how(ended)}", ended.get("message"), final=False
    )


def _how(ended: Mapping[str, Any]) -> str:
    if not ended:
        return "how it ended is not known"
    memory = "out of memory, " if ended.get("reason") == "OOMKilled" else ""
    return f"{memory}exit code {ended.get('exitCode', '?')}"


def _anonymous_end() -> PodTrouble:
    return PodTrouble("PodFailed", "its pod failed and says no more", final=True)


def _trouble(reason: str, what: str, message: object, *, final: bool) -> PodTrouble:
    detail = " ".join(str(message or "").split())
    sentence = f"{what}: {detail}" if detail else what
    code = reason if _REASON.fullmatch(reason) else "PodFailed"
    return PodTrouble(code, sentence[:_SENTENCE_LIMIT], final)

"""A platform with an autoscaler in memory: a pool that grows and shrinks, and its mutants."""

from datetime import UTC, datetime
from typing import Any, Literal

from aiconform.checks.cluster_autoscaling.kinds import NODE_CLAIM, NODE_POOL, OPENSHIFT, STATUS
from aiconform.checks.framework.fake import FakePlatform
from aiconform.cluster.accelerators import accelerators_in_use, effective_request
from aiconform.cluster.objects import Reply
from aiconform.cluster.resources import CONFIG_MAP, EVENT, NODE, POD, Resource

Json = dict[str, Any]
Adapter = Literal["karpenter", "cluster-autoscaler", "generic", "none"]
ACCEL = "example.com/accel"
DEVICES = 8
SELECTOR = {"karpenter.sh/nodepool": "accelerated"}
POOL = {"selector": SELECTOR, "resource": ACCEL, "devicesPerNode": DEVICES}
BUDGET = 32  # accelerators that the site lets a check hold
SETTINGS: Json = {"consent": True, "pool": POOL}


class ScalingPlatform(FakePlatform):
    """
    Attributes:
        adapter: Whose words the autoscaler has.
        adds, removes, speaks: Whether it does so.
        in_vain: It adds a node for a pod that fits none.
        offers: How many devices a new node has.
        refusal: What it says of a pod that it does not help, in place of its usual words.
        comes_ready: Whether a new node becomes Ready.
    """

    def __init__(self, *, adapter: Adapter = "karpenter", whole: int = 0, **platform: Any) -> None:
        super().__init__(**platform)
        self.adapter = adapter
        self.adds = self.removes = self.speaks = self.comes_ready = True
        self.in_vain = False
        self.offers = DEVICES
        self.refusal = ""
        self._made = 0
        self._ordered: set[str] = set()
        self.schedule = self._fitting
        self.objects.reactions.append(self._on_pod)
        self.objects.admission.append(self._stamp)
        if adapter == "karpenter":
            self.objects.serve(NODE_POOL)
            self.objects.serve(NODE_CLAIM)
            self.objects.put(NODE_POOL, {"metadata": {"name": "accelerated"}, "spec": {}})
        if adapter == "cluster-autoscaler":
            status = {"metadata": {"name": STATUS}, "data": {"status": "autoscalerStatus: Running"}}
            self.objects.put(CONFIG_MAP, status, namespace="kube-system")
        for node in self.objects.all(NODE):
            node["metadata"]["creationTimestamp"] = self.stamp()
            node["metadata"]["labels"]["kubernetes.io/os"] = "linux"
        for _ in range(whole):
            self.add_node()

    def stamp(self) -> str:
        return datetime.fromtimestamp(int(self.now), UTC).isoformat().replace("+00:00", "Z")

    def add_node(self, *, devices: int | None = None, stays: bool = True) -> Json:
        """A node of the pool; one that stays is never removed."""
        self._made += 1
        name = f"pool-{self._made}"
        labels = {**SELECTOR, "kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
        count = self.offers if devices is None else devices
        ready = "True" if self.comes_ready else "False"
        node = {
            "metadata": {"name": name, "labels": labels, "creationTimestamp": self.stamp(),
                         "annotations": {"stays": str(stays)}},
            "spec": {},
            "status": {"allocatable": {"cpu": "4", ACCEL: str(count)},
                       "conditions": [{"type": "Ready", "status": ready}]},
        }  # fmt: skip
        made = self.objects.put(NODE, node)
        self.after(0.1, self._try_again)
        return made

    def hold(self, node: str, devices: int, *, owner: str = "ReplicaSet") -> Json:
        """A pod of somebody else on a node."""
        container = {"name": "c", "resources": {"limits": {ACCEL: str(devices)}}}
        pod = {
            "metadata": {"name": f"foreign-{node}", "ownerReferences": [{"kind": owner}]},
            "spec": {"nodeName": node, "containers": [container]},
            "status": {"phase": "Running"},
        }
        return self.objects.put(POD, pod, namespace="tenant")

    def grow(self) -> None:
        """A node comes for somebody else, and stays."""
        self.add_node()

    def use(self, node: str, *, owner: str = "ReplicaSet") -> None:
        """Somebody else's pod, without devices."""
        self.hold(node, 0, owner=owner)

    def openshift(self, name: str) -> None:
        self.objects.serve(OPENSHIFT)
        self.objects.put(OPENSHIFT, {"metadata": {"name": name}})

    def say(self, pod: Json, by: str, reason: str, message: str) -> None:
        metadata = pod["metadata"]
        event = {
            "metadata": {"name": f"{metadata['name']}.{len(self.objects.all(EVENT))}"},
            "involvedObject": {"kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]},
            "source": {"component": by}, "reason": reason, "message": message,
        }  # fmt: skip
        self.objects.put(EVENT, event, namespace=metadata["namespace"])

    # --- the scheduler -------------------------------------------------------------------------

    def _fitting(self, pod: Json) -> str | None:
        wanted = (pod["spec"].get("nodeSelector") or {}).items()
        used = accelerators_in_use(self.objects.all(POD), accelerator_resources={ACCEL})
        pinned = _pinned(pod["spec"])
        for node in self.objects.all(NODE):
            name, labels = node["metadata"]["name"], node["metadata"]["labels"]
            there = int(node["status"]["allocatable"].get(ACCEL, 0))
            free = there - used.get(name, {}).get(ACCEL, 0)
            ready = node["status"]["conditions"][0]["status"] == "True"
            asked = effective_request(pod["spec"], ACCEL)
            reached = pinned is None or name in pinned
            if wanted <= labels.items() and free >= asked and ready and reached:
                return str(name)
        return None

    def _try_again(self) -> None:
        for pod in self.objects.all(POD):
            if not pod["spec"].get("nodeName"):
                self._bind(pod["metadata"])

    def _bind(self, metadata: Json) -> None:
        super()._bind(metadata)
        pod = self.objects.objects.get((POD.qualified, metadata["namespace"], metadata["name"]))
        if pod is None or pod["spec"].get("nodeName"):
            return
        condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                     "message": f"0/3 nodes are available: 3 Insufficient {ACCEL}"}  # fmt: skip
        self.objects.change(POD, pod, status={"phase": "Pending", "conditions": [condition]})
        self.say(pod, "default-scheduler", "FailedScheduling", condition["message"])
        uid = pod["metadata"]["uid"]
        if self.adapter != "none" and uid not in self._ordered and _pinned(pod["spec"]) is None:
            self._ordered.add(uid)
            self.after(3.0, lambda: self._decide(pod))

    # --- the autoscaler ------------------------------------------------------------------------

    def _decide(self, pod: Json) -> None:
        asked = effective_request(pod["spec"], ACCEL)
        if self.adds and (asked <= DEVICES or self.in_vain):
            self._speak(pod, called=True)
            self.after(2.0, lambda: self._order(pod))
        else:
            self._speak(pod, called=False)

    def _speak(self, pod: Json, *, called: bool) -> None:
        if not self.speaks:
            return
        if self.adapter == "karpenter":
            reason = "Nominated" if called else "FailedScheduling"
            refusal = self.refusal or "Failed to schedule pod, no instance type"
            message = "Pod should schedule on: nodeclaim/claim" if called else refusal
            self.say(pod, "karpenter", reason, message)
        if self.adapter == "cluster-autoscaler":
            reason = "TriggeredScaleUp" if called else "NotTriggerScaleUp"
            self.say(pod, "cluster-autoscaler", reason, self.refusal or "pod triggered, or not")

    def _order(self, pod: Json) -> None:
        node = self.add_node(stays=False)
        if self.adapter == "karpenter":
            name = node["metadata"]["name"]
            claim = {
                "metadata": {"name": f"claim-{name}", "creationTimestamp": self.stamp(),
                             "labels": SELECTOR},
                "status": {"nodeName": name},
            }  # fmt: skip
            self.objects.put(NODE_CLAIM, claim)

    def _on_pod(self, verb: str, resource: Resource, pod: Json) -> None:
        if resource == POD and verb == "delete" and self.removes:
            self.after(30.0, self._shrink)

    def _shrink(self) -> None:
        busy = {pod["spec"].get("nodeName") for pod in self.objects.all(POD)}
        for node in self.objects.all(NODE):
            metadata = node["metadata"]
            stays = (metadata.get("annotations") or {}).get("stays") != "False"
            if not stays and metadata["name"] not in busy:
                self.objects.remove(NODE, node)

    def _stamp(self, resource: Resource, made: Json, _dry_run: bool) -> Reply | None:
        made["metadata"]["creationTimestamp"] = self.stamp()
        return None


def _pinned(spec: Json) -> set[str] | None:
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    found: set[str] = set()
    for term in required.get("nodeSelectorTerms") or ():
        for expression in term["matchExpressions"]:
            found |= set(expression["values"])
    return found or None

"""A platform in memory with an operator at work on it, or one that only looks like one."""

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from aiconform.checks.framework import Reply, Resource
from aiconform.checks.framework.fake import START, WORK, FakePlatform
from aiconform.checks.robust_controller import CHECK
from aiconform.checks.robust_controller.finding import NAMESPACE
from aiconform.checks.robust_controller.operators import BY_KEY, Operator
from aiconform.cluster.fake_objects import refusal
from aiconform.cluster.resources import (
    CUSTOM_RESOURCE_DEFINITION,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    EVENT,
    HORIZONTAL_POD_AUTOSCALER,
    POD,
    VALIDATING_WEBHOOK,
)
from aiconform.model.requirement import RequirementVerdict

Json = dict[str, Any]
HOME = "operators"


class OperatedPlatform(FakePlatform):
    """
    An operator of the table, as far as the check can see one.

    Attributes:
        refuses: The webhook's word on an object; empty: it is let through.
        pods: How many pods an object becomes; None: a HorizontalPodAutoscaler instead.
        reconciles, follows, heals: What the controller does; mutants put them off.
        dead, ignored, no_dry_run: How the webhook fares.
        complains: Without a webhook: the reason of the event by which the controller refuses.
    """

    def __init__(
        self, operator: str | Operator = "kuberay", *, webhook: bool = True, **how: Any
    ) -> None:
        super().__init__(**how)
        self.operator = BY_KEY[operator] if isinstance(operator, str) else operator
        self.kind: Resource = self.operator.kinds[0]
        self.refuses: Callable[[Json], str] = REFUSALS.get(self.operator.key, lambda _: "")
        self.pods: Callable[[Json], int | None] = PODS.get(self.operator.key, lambda _: 1)
        self.reconciles = self.follows = self.heals = True
        self.dead = self.ignored = self.no_dry_run = False
        self.complains: Callable[[Json], str] = lambda _: ""
        self.objects.serve(NAMESPACE)
        self.objects.put(NAMESPACE, {"metadata": {"name": WORK, "labels": {"name": WORK}}})
        self.install(self.operator)
        self.hook: Json = {}
        if webhook:
            self.register()
        self.objects.admission.append(self._admit)
        self.objects.reactions.append(self._react)

    def install(self, operator: Operator) -> None:
        """Its definitions and its controller."""
        for kind in (*operator.kinds, *(kind for kind, _ in operator.needs), *operator.owns):
            self.objects.serve(kind)
        self.objects.put(CUSTOM_RESOURCE_DEFINITION, definition(operator))
        labels = {"app.kubernetes.io/name": min(operator.controllers, default="own")}
        spec = {"replicas": 1, "selector": {"matchLabels": labels}}
        deployment = {"metadata": {"name": operator.key, "labels": labels}, "spec": spec,
                      "status": {"readyReplicas": 1}}  # fmt: skip
        self.objects.put(DEPLOYMENT, deployment, namespace=HOME)
        ready = {"type": "Ready", "status": "True"}
        status = {"phase": "Running", "conditions": [ready],
                  "containerStatuses": [{"name": "c", "restartCount": 3}]}  # fmt: skip
        pod = {"metadata": {"name": operator.key, "labels": labels},
               "spec": {"nodeName": "node1"}, "status": status}  # fmt: skip
        self.controller = self.objects.put(POD, pod, namespace=HOME)

    def register(self, **changes: Any) -> None:
        """Its validating webhook, and the Service's endpoints."""
        rule = {"apiGroups": [self.kind.group], "apiVersions": [self.kind.version],
                "operations": ["CREATE"], "resources": [self.kind.plural]}  # fmt: skip
        service = {"namespace": HOME, "name": "hook"}
        client = {"service": service, "caBundle": authority()}
        self.hook = {"name": "v.operator.test", "rules": [rule], "clientConfig": client,
                     "failurePolicy": "Fail", "sideEffects": "None", **changes}  # fmt: skip
        configuration = {"metadata": {"name": "operator"}, "webhooks": [self.hook]}
        self.objects.put(VALIDATING_WEBHOOK, configuration)
        reference = {"kind": "Pod", "name": self.operator.key}
        metadata = {"name": "hook-1", "labels": {"kubernetes.io/service-name": "hook"}}
        endpoints = {"metadata": metadata, "endpoints": [{"targetRef": reference}]}
        self.objects.put(ENDPOINT_SLICE, endpoints, namespace=HOME)

    def restart_controller(self) -> None:
        states = [{"name": "c", "restartCount": 4}]
        status = {**self.controller["status"], "containerStatuses": states}
        self.objects.change(POD, self.controller, status=status)

    # --- the webhook ---------------------------------------------------------------------------

    def _admit(self, resource: Resource, made: Json, dry_run: bool) -> Reply | None:
        if resource != self.kind or not self.hook:
            return None
        name = self.hook["name"]
        if self.no_dry_run and dry_run:
            told = f'admission webhook "{name}" does not support dry run'
            return refusal(400, "BadRequest", told)
        if self.dead:
            told = f'Internal error occurred: failed calling webhook "{name}": no endpoints'
            return refusal(500, "InternalError", told)
        if not self.ignored and (why := self.refuses(made)):
            return refusal(
                403, "Forbidden", f'admission webhook "{name}" denied the request: {why}'
            )
        return None

    # --- the controller ------------------------------------------------------------------------

    def _react(self, verb: str, resource: Resource, found: Json) -> None:
        if resource == self.kind and verb == "create":
            self.after(0.5, lambda: self._reconcile(found["metadata"]["name"], first=True))
        elif resource == self.kind and verb == "update" and self.follows:
            self.after(0.5, lambda: self._reconcile(found["metadata"]["name"]))
        elif resource in {POD, HORIZONTAL_POD_AUTOSCALER} and verb == "delete" and self.heals:
            for owner in found["metadata"].get("ownerReferences") or ():
                self.after(0.5, lambda name=owner["name"]: self._reconcile(name))  # type: ignore[misc]

    def _reconcile(self, name: str, *, first: bool = False) -> None:
        found = self.objects.objects.get((self.kind.qualified, WORK, name))
        if found is None or not self.reconciles:
            return
        if why := self.complains(found):
            if first:
                self._tell(found, why)
            return
        wanted = self.pods(found)
        if wanted is None:
            self._autoscale(found)
        for number in range(wanted or 0):
            key = (POD.qualified, WORK, f"{name}-{number}")
            if key not in self.objects.objects:
                self.objects.put(POD, self._pod(found, number), namespace=WORK)
        if "conditions" not in found.get("status", {}):
            started = [{"type": "Started", "status": "True"}]
            self.objects.change(self.kind, found, status={"conditions": started})
            self.after(30.0 if self.operator.ends else 3.0, lambda: self._finish(name))

    def _finish(self, name: str) -> None:
        found = self.objects.objects.get((self.kind.qualified, WORK, name))
        if found is None:
            return
        conditions = [{"type": each, "status": "True"} for each in self.operator.good]
        status: Json = {"conditions": conditions or [{"type": "Started", "status": "True"}]}
        if self.operator.good_path:
            status["state"] = {"phase": self.operator.good_path[1]}
        self.objects.change(self.kind, found, status=status)

    def _pod(self, found: Json, number: int) -> Json:
        name = found["metadata"]["name"]
        metadata = {"name": f"{name}-{number}", "labels": found["metadata"]["labels"],
                    "ownerReferences": [owner(found)]}  # fmt: skip
        return {"metadata": metadata, "spec": {"containers": [{"name": "c"}]}}

    def _autoscale(self, found: Json) -> None:
        spec = {"maxReplicas": found["spec"]["maxReplicaCount"]}
        metadata = {"name": "hpa", "labels": found["metadata"]["labels"],
                    "ownerReferences": [owner(found)]}  # fmt: skip
        key = (HORIZONTAL_POD_AUTOSCALER.qualified, WORK, "hpa")
        there = self.objects.objects.get(key)
        if there is None:
            made = {"metadata": metadata, "spec": spec}
            self.objects.put(HORIZONTAL_POD_AUTOSCALER, made, namespace=WORK)
        elif there["spec"] != spec:
            self.objects.change(HORIZONTAL_POD_AUTOSCALER, there, spec=spec)

    def _tell(self, found: Json, reason: str) -> None:
        event = {"metadata": {"name": "e"}, "type": "Warning", "reason": reason,
                 "involvedObject": {"uid": found["metadata"]["uid"]}}  # fmt: skip
        self.objects.put(EVENT, event, namespace=WORK)


async def judged(platform: OperatedPlatform, **settings: Any) -> RequirementVerdict:
    return platform.verdict(CHECK, await platform.run(CHECK, settings=settings))


def steps(verdict: RequirementVerdict) -> dict[str, str]:
    return {step.name: step.outcome for step in verdict.steps}


def owner(found: Json) -> Json:
    return {"kind": found["kind"], "name": found["metadata"]["name"],
            "uid": found["metadata"]["uid"]}  # fmt: skip


def definition(operator: Operator) -> Json:
    versions = [{"name": k.version, "served": True, "storage": n == 0}
                for n, k in enumerate(operator.kinds)]  # fmt: skip
    conditions = [{"type": t, "status": "True"} for t in ("Established", "NamesAccepted")]
    return {
        "metadata": {"name": operator.definition},
        "spec": {"versions": versions},
        "status": {"conditions": conditions},
    }


def authority(*, days_left: int = 30) -> str:
    """A CA certificate, as a configuration has it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.fromtimestamp(START, UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=99))
        .not_valid_after(now + timedelta(days=days_left))
        .sign(key, hashes.SHA256())
    )
    return base64.b64encode(made.public_bytes(serialization.Encoding.PEM)).decode()


# --- what the operators of the table refuse and make, as far as the check tries -------------------


def _names(groups: list[Json]) -> list[str]:
    return [str(each["groupName"]) for each in groups]


def _doubled(made: Json) -> str:
    names = _names(made["spec"]["workerGroupSpecs"])
    return "worker group names must be unique" if len(names) > len(set(names)) else ""


def _say(wrong: bool) -> str:
    return "it is wrong" if wrong else ""


def _spec(made: Mapping[str, Any]) -> Any:
    return made["spec"]


def _asks_for_pods(made: Json) -> str:
    container = made["spec"]["podSets"][0]["template"]["spec"]["containers"][0]
    return _say("pods" in container["resources"]["requests"])


def _annotated(made: Json) -> str:
    return _say("serving.kserve.io/autoscalerClass" in made["metadata"]["annotations"])


REFUSALS: dict[str, Callable[[Json], str]] = {
    "kuberay": _doubled,
    "trainer": lambda made: _say("no-such" in _spec(made)["runtimeRef"]["name"]),
    "kserve": _annotated,
    "pytorchjob": lambda made: _say("Master" not in _spec(made)["pytorchReplicaSpecs"]),
    "jobset": lambda made: _say("dependsOn" in _spec(made)["replicatedJobs"][0]),
    "lws": lambda made: _say(_spec(made)["leaderWorkerTemplate"]["size"] < 1),
    "volcano": lambda made: _say(_spec(made)["minAvailable"] > 1),
    "kueue": _asks_for_pods,
    "keda": lambda made: _say(_spec(made)["minReplicaCount"] > _spec(made)["maxReplicaCount"]),
}
PODS: dict[str, Callable[[Json], int | None]] = {
    "kuberay": lambda made: 1 + sum(g["replicas"] for g in _spec(made)["workerGroupSpecs"]),
    "trainer": lambda made: 1 if _spec(made)["suspend"] else 2,
    "kserve": lambda made: int(_spec(made)["predictor"]["minReplicas"]),
    "pytorchjob": lambda made: 0 if _spec(made)["runPolicy"]["suspend"] else 1,
    "jobset": lambda made: 1 if _spec(made)["suspend"] else 2,
    "lws": lambda made: 2 * int(_spec(made)["replicas"]),
    "volcano": lambda made: int(_spec(made)["tasks"][0]["replicas"]),
    "kueue": lambda _: 0,
    "keda": lambda _: None,
}

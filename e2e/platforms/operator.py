"""The stand-in for KubeRay (`standins/operator.py`), with its ways to misbehave."""

import base64
import datetime
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from e2e.lab.certificates import Authority
from e2e.lab.lab import Lab
from e2e.platforms.objects import (
    Manifest,
    applied,
    established,
    items,
    namespace,
    nobody_behind,
    service_account,
)
from e2e.platforms.ray_cluster import crd
from e2e.platforms.standin import Control, Workload, running
from e2e.platforms.standins.operator import GROUP, PLURAL, VERSION, WEBHOOK_PORT

NAMESPACE = "platform-operator"
NAME = "kuberay-operator"
WEBHOOK = "vraycluster.kb.io"
CONFIGURATION = "validating-webhook-configuration"
MUTANTS = ("accepts-anything", "never-reconciles")


@dataclass(frozen=True)
class Operator:
    """The stand-in at work."""

    lab: Lab
    control: Control
    namespace: str = NAMESPACE
    deployment: str = NAME
    webhook: str = WEBHOOK

    @contextmanager
    def mutant(self, name: str) -> Iterator[None]:
        """Mutant: "accepts-anything" (the webhook) or "never-reconciles" (the controller)."""
        if name not in MUTANTS:
            raise ValueError(f"no such mutant: {name}")
        with self.control.mutant(name):
            yield

    @contextmanager
    def dead_webhook(self, *, policy: str = "Fail") -> Iterator[None]:
        """Mutant: the webhook is registered and nobody answers; with failurePolicy `policy`."""
        with (
            self.failure_policy(policy),
            nobody_behind(
                self.lab,
                self.deployment,
                namespace=self.namespace,
                selector=self.control.selector,
            ),
        ):
            yield

    @contextmanager
    def failure_policy(self, policy: str) -> Iterator[None]:
        """Fail or Ignore, for the block."""
        self._change("failurePolicy", policy)
        try:
            yield
        finally:
            self._change("failurePolicy", "Fail")

    @contextmanager
    def elsewhere(self) -> Iterator[None]:
        """Mutant: a selector keeps every namespace out of the webhook's sight."""
        self._change("namespaceSelector", {"matchLabels": {"aiconform.dev/nowhere": "true"}})
        try:
            yield
        finally:
            self._change("namespaceSelector", {})

    @contextmanager
    def untrusted(self) -> Iterator[None]:
        """Mutant: the configuration's CA is another one than the server's, and out of date."""
        (found,) = items(self.lab, "validatingwebhookconfiguration", CONFIGURATION)
        before = found["webhooks"][0]["clientConfig"]["caBundle"]
        self._change("clientConfig/caBundle", _expired())
        try:
            yield
        finally:
            self._change("clientConfig/caBundle", before)

    def _change(self, field: str, value: Any) -> None:
        patch = [{"op": "replace", "path": f"/webhooks/0/{field}", "value": value}]
        self.lab.kubectl(
            "patch", "validatingwebhookconfiguration", CONFIGURATION, "--type=json",
            "-p", json.dumps(patch),
        )  # fmt: skip


@contextmanager
def operator(lab: Lab) -> Iterator[Operator]:
    """RayCluster with its webhook and controller, for the block."""
    workload = Workload(
        name=NAME,
        program="operator",
        namespace=NAMESPACE,
        secrets={"/certificates": "webhook"},
        env={"CERTIFICATES": "/certificates"},
    )
    rules: list[Manifest] = [
        {"apiGroups": [GROUP], "resources": [PLURAL], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [GROUP], "resources": [f"{PLURAL}/status"], "verbs": ["get", "patch"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "create", "delete"]},
        {"apiGroups": [""], "resources": ["services"], "verbs": ["create"]},
    ]
    account = service_account(NAME, namespace=NAMESPACE, rules=rules)
    secret, bundle = _certificate()
    definition = crd()
    with (
        namespace(lab, NAMESPACE),
        applied(lab, [*account, secret, _service()]),
        applied(lab, [definition]),
        running(lab, workload),
    ):
        established(lab, [definition])
        with applied(lab, [_webhook(bundle)]):
            yield Operator(lab, workload.control(lab))


def _webhook(bundle: str) -> Manifest:
    rule = {
        "apiGroups": [GROUP],
        "apiVersions": [VERSION],
        "operations": ["CREATE", "UPDATE"],
        "resources": [PLURAL],
        "scope": "*",
    }
    service = {
        "name": "webhook-service",
        "namespace": NAMESPACE,
        "path": "/validate-ray-io-v1-raycluster",
        "port": 443,
    }
    hook = {
        "name": WEBHOOK,
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "failurePolicy": "Fail",
        "timeoutSeconds": 5,
        "namespaceSelector": {},
        "rules": [rule],
        "clientConfig": {"service": service, "caBundle": bundle},
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": CONFIGURATION},
        "webhooks": [hook],
    }


def _service() -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "webhook-service", "namespace": NAMESPACE},
        "spec": {
            "selector": {"app.kubernetes.io/name": NAME},
            "ports": [{"port": 443, "targetPort": WEBHOOK_PORT}],
        },
    }


def _certificate() -> tuple[Manifest, str]:
    """The webhook server's certificate as a Secret, and its CA for the configuration."""
    host = f"webhook-service.{NAMESPACE}.svc"
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder), "stand-in-operator")
        authority.create()
        pair = authority.issue("webhook", common_name=host, hosts=[host])
        data = {"tls.crt": pair.certificate.read_bytes(), "tls.key": pair.key.read_bytes()}
        bundle = authority.pair.certificate.read_bytes()
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": "webhook", "namespace": NAMESPACE},
        "data": {name: base64.b64encode(content).decode() for name, content in data.items()},
    }
    return secret, base64.b64encode(bundle).decode()


def _expired() -> str:
    """A CA certificate that ended yesterday, as a configuration has it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "long ago")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=9))
        .not_valid_after(now - datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return base64.b64encode(certificate.public_bytes(serialization.Encoding.PEM)).decode()

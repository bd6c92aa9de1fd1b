"""Whose answer is it when the API server refuses an object? (pure)"""

import re
from collections.abc import Collection
from typing import Any, Literal

from aiconform.checks.framework import Reply

Json = dict[str, Any]

Kind = Literal[
    "accepted",
    "denied",  # by the operator's webhook
    "foreign",  # by another webhook
    "policy",  # by a ValidatingAdmissionPolicy
    "dead",  # a webhook did not answer
    "no-dry-run",  # a webhook does not take dry runs
    "schema",  # by schema, CEL or strict decoding: no webhook was asked
    "refused",  # by quota, Pod Security and the like
]

_DENIED = re.compile(r'^admission webhook "([^"]+)" denied the request')
_NO_DRY_RUN = re.compile(r'^admission webhook "([^"]+)" does not support dry run')
_DEAD = re.compile(r'failed calling webhook "([^"]+)"')
_POLICY = re.compile(r"ValidatingAdmissionPolicy '([^']+)'.* denied request")
# Source: k8s.io/apiserver, admission/plugin/webhook/errors/statuserror.go, and
# admission/plugin/policy/validating. Only these messages tell who refused.


def attributed(reply: Reply, *, webhooks: Collection[str]) -> Json:
    """
    JSON: kind (`Kind`), by (the webhook or policy), status, reason, message.

    Args:
        webhooks: Names of the operator's validating webhooks.
    """
    kind, by = _attributed(reply, webhooks)
    return {
        "kind": kind,
        "by": by,
        "status": reply.status,
        "reason": reply.reason,
        "message": reply.message[:600],
    }


def _attributed(reply: Reply, webhooks: Collection[str]) -> tuple[Kind, str]:
    if reply.ok:
        return "accepted", ""
    message = reply.message
    if found := _DENIED.search(message):
        return ("denied" if found[1] in webhooks else "foreign"), found[1]
    if found := _NO_DRY_RUN.search(message):
        return "no-dry-run", found[1]
    if found := _DEAD.search(message):
        return "dead", found[1]
    if found := _POLICY.search(message):
        return "policy", found[1]
    if reply.status == 422 or (reply.status == 400 and reply.reason == "BadRequest"):
        return "schema", ""
    return "refused", ""

"""
Does an AI operator refuse what is wrong by its webhook, and bring about what is right?

A webhook is proved by a refusal that stops when the object is corrected, a controller by what comes
of a new object: a definition, a pod that sleeps and a webhook that nobody asks prove nothing.
"""

from aiconform.checks.framework import Check, generates, looks_at, makes, on
from aiconform.checks.robust_controller.finding import NAMESPACE
from aiconform.checks.robust_controller.judging import evaluate
from aiconform.checks.robust_controller.look import run
from aiconform.checks.robust_controller.operators import OPERATORS, custom_rights
from aiconform.cluster.resources import (
    CUSTOM_RESOURCE_DEFINITION,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    EVENT,
    MUTATING_WEBHOOK,
    POD,
    VALIDATING_WEBHOOK,
    Resource,
)

_KINDS: tuple[Resource, ...] = tuple(kind for o in OPERATORS if o.reconciles for kind in o.kinds)
_DRY: tuple[Resource, ...] = tuple(kind for o in OPERATORS if not o.reconciles for kind in o.kinds)
_NEEDED: tuple[Resource, ...] = tuple(dict.fromkeys(kind for o in OPERATORS for kind, _ in o.needs))
_HEALED = tuple(dict.fromkeys(o.heals for o in OPERATORS))
_OWNED = tuple(
    dict.fromkeys(kind for o in OPERATORS for kind in o.owns if kind not in (*_KINDS, *_HEALED))
)

CHECK = Check(
    id="robust_controller",
    rights=(
        *(right for kind in _KINDS
          for right in makes(kind, why="an object for the operator to refuse or bring about",
                             also=("get", "patch"))),
        *(right for kind in _DRY
          for right in makes(kind, why="an object for the operator's webhook, in dry runs",
                             also=("get",))),
        *(right for kind in _NEEDED
          for right in makes(kind, why="what that object refers to")),
        *(right for kind in _HEALED
          for right in generates(kind, why="made by the operator; one is deleted and has to come"
                                 " again")),
        *(right for kind in _OWNED
          for right in on(kind, "list", why="what the operator has made of our object")),
        *on(EVENT, "list", why="what an operator without a webhook says of an invalid object"),
        *looks_at(CUSTOM_RESOURCE_DEFINITION, verbs=("get",),
                  names=tuple(o.definition for o in OPERATORS), why="which operators there are"),
        *looks_at(NAMESPACE, verbs=("get",),
                  why="whether selectors keep our namespace out of a webhook's sight"),
        *looks_at(VALIDATING_WEBHOOK, why="which webhooks the operators have registered"),
        *looks_at(MUTATING_WEBHOOK, why="which webhooks the operators have registered"),
        *looks_at(ENDPOINT_SLICE, why="the pods behind a webhook"),
        *looks_at(DEPLOYMENT, why="the operators' controllers"),
        *looks_at(POD, why="whether controllers are ready, and start again",
                  switch="rbac.countForeignPods"),
    ),
    time_box_s=600,
    cost="one custom object at a time, with up to four small pods; no money",
    run=run,
    evaluate=evaluate,
    site_rights=custom_rights,
)  # fmt: skip

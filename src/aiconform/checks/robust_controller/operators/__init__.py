"""
The table of operators that the check can speak with: AI operators first, those below them next.

Source of what each webhook refuses: the operators' own webhooks, read in November 2026
(ray-project/kuberay, kubernetes-sigs/{jobset,lws,kueue}, kubeflow/{trainer,training-operator},
kserve/kserve, volcano-sh/volcano, kedacore/keda).
"""

from collections.abc import Mapping
from typing import Any

from aiconform.checks.robust_controller.operators.custom import custom_operator, custom_rights
from aiconform.checks.robust_controller.operators.jobs import (
    JOBSET,
    TRAINER,
    TRAINING_OPERATOR,
    VOLCANO,
)
from aiconform.checks.robust_controller.operators.ray import KUBERAY
from aiconform.checks.robust_controller.operators.services import KEDA, KSERVE, KUEUE, LWS
from aiconform.checks.robust_controller.operators.shape import Operator, Sample

OPERATORS: tuple[Operator, ...] = (
    KUBERAY,
    TRAINER,
    KSERVE,
    TRAINING_OPERATOR,
    JOBSET,
    LWS,
    VOLCANO,
    KUEUE,
    KEDA,
)
BY_KEY = {operator.key: operator for operator in OPERATORS}


def operators_at(settings: Mapping[str, Any]) -> tuple[Operator, ...]:
    """
    Those to be tried at a site: its own, and of the table all, or those that it names.

    Raises:
        UnavailableError: What it says of its own is not whole.
    """
    named = settings.get("operators")
    own = custom_operator(settings)
    return (
        *([own] if own else []),
        *(each for each in OPERATORS if not named or each.key in named),
    )


__all__ = ["BY_KEY", "OPERATORS", "Operator", "Sample", "custom_rights", "operators_at"]

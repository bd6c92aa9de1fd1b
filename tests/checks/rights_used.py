"""The smallest RBAC that works: a check uses every right that it declares."""

from collections.abc import Iterable

from aiconform.checks.framework.check import Check


def unused(check: Check, calls: Iterable[str]) -> list[str]:
    """
    The rights that no call has used.

    Args:
        calls: Of one or several `FakeObjects`: "verb plural.group namespace/name".
    """
    asked = {tuple(call.split(" ")[:2]) for call in calls}
    return sorted(
        {str(right) for right in check.rights if (right.verb, right.qualified) not in asked}
    )

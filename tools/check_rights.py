"""
Write charts/aiconform/files/checks/<id>.yaml: the rights of each check, from its declaration.

    python -m tools.check_rights [id …]      # no id: all; files of checks that are gone go, too
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from aiconform.checks.framework.check import Check
from aiconform.checks.framework.registry import all_checks
from aiconform.cluster.rights import Right

TARGET = Path(__file__).resolve().parent.parent / "charts" / "aiconform" / "files" / "checks"
_HEADER = """\
# Made by `make check-rights` from what the check declares. Do not edit.
# work, probe: rules of a Role in that namespace; cluster: of the ClusterRole. A rule with a switch
# is left out when that value is false.
"""


def main(ids: Sequence[str]) -> int:
    TARGET.mkdir(parents=True, exist_ok=True)
    for check in ids or tuple(all_checks()):
        (TARGET / f"{check}.yaml").write_text(render(all_checks()[check]))
    if not ids:
        for file in TARGET.glob("*.yaml"):
            if file.stem not in all_checks():
                file.unlink()
    return 0


def render(check: Check) -> str:
    """The file's text."""
    return _HEADER + yaml.safe_dump(describe(check), sort_keys=False, width=100)


def describe(check: Check) -> dict[str, Any]:
    """One check as the chart's templates read it."""
    return {
        "needsProbe": check.probe,
        "work": rules(r for r in check.rights if r.namespaced and r.namespace == "work"),
        "probe": rules(r for r in check.rights if r.namespaced and r.namespace == "probe"),
        "cluster": rules(r for r in check.rights if not r.namespaced),
    }


def rules(rights: Iterable[Right]) -> list[Mapping[str, Any]]:
    """RBAC rules, one for each resource, in a fixed order."""
    verbs: dict[tuple[str, str, tuple[str, ...], str], set[str]] = {}
    for right in rights:
        key = (right.group, right.resource, right.names, right.switch)
        verbs.setdefault(key, set()).add(right.verb)
    found: list[Mapping[str, Any]] = []
    for (group, resource, names, switch), asked in sorted(verbs.items()):
        rule: dict[str, Any] = {"apiGroups": [group], "resources": [resource]}
        if names:
            rule["resourceNames"] = list(names)
        rule["verbs"] = sorted(asked)
        if switch:
            rule["switch"] = switch
        found.append(rule)
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

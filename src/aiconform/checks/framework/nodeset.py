"""Does a node match a term of a node selector, or anything an expression? (pure)"""

from collections.abc import Mapping
from typing import Any

from aiconform.cluster.trouble import mappings
from aiconform.model.plan import NodeFacts

Json = Mapping[str, Any]


def term_fits(term: Json, node: NodeFacts) -> bool:
    expressions = mappings(term.get("matchExpressions"))
    fields = mappings(term.get("matchFields"))
    if not expressions and not fields:
        return False  # an empty term fits no node
    return all(expression_fits(e, node.labels) for e in expressions) and all(
        expression_fits(f, {"metadata.name": node.name}) for f in fields
    )


def expression_fits(expression: Json, labels: Mapping[str, Any]) -> bool:
    """One of `matchExpressions`, of a node's selector as of any selector by labels."""
    value = labels.get(str(expression.get("key")))
    values = [str(each) for each in expression.get("values") or ()]
    match expression.get("operator"):
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt" as operator:
            if not (value and value.isdigit() and values and values[0].isdigit()):
                return False
            return int(value) > int(values[0]) if operator == "Gt" else int(value) < int(values[0])
    return False

"""What a watch has seen, so that what went away during a break is noticed (pure)."""

from collections.abc import Mapping
from typing import Any, Literal

from aiconform.cluster.lists import slim_node
from aiconform.cluster.trouble import mapping

Kind = Literal["pod", "node"]


class Memory:
    """Objects by kind and uid: those known, and those seen since the watch last began."""

    def __init__(self) -> None:
        self._known: dict[tuple[Kind, str], Mapping[str, Any]] = {}
        self._seen: set[tuple[Kind, str]] = set()

    def begin(self) -> None:
        """The watch begins, again perhaps: everything that is there will be seen anew."""
        self._seen.clear()

    def saw(self, kind: Kind, found: Mapping[str, Any], *, deleted: bool) -> None:
        key = (kind, str(mapping(found.get("metadata")).get("uid", "")))
        if deleted:
            self._known.pop(key, None)
            return
        self._known[key] = slim_node(found)
        self._seen.add(key)

    def vanished(self) -> tuple[tuple[Kind, Mapping[str, Any]], ...]:
        """What was known and was not seen since the watch began; forgotten with this call."""
        gone = [key for key in self._known if key not in self._seen]
        return tuple((key[0], self._known.pop(key)) for key in gone)

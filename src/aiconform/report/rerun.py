"""What of a run did not pass, so that it alone can be run again (pure)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiconform.model.errors import ConfigError
from aiconform.model.verdict import Judgement, Outcome, RunVerdict, Verdict

# Left out on purpose, or not applicable: running it again would leave it out again.
_DONE = frozenset({Outcome.PASS, Outcome.SKIP})
_SHOWN = 20


@dataclass(frozen=True)
class Again:
    """
    What to run again; outcomes by name.

    `partners` passed: they are the other ends of links that did not.
    """

    run: str
    nodes: Mapping[str, Outcome]
    partners: tuple[str, ...]
    requirements: Mapping[str, Outcome]

    @property
    def is_empty(self) -> bool:
        return not self.nodes and not self.partners and not self.requirements

    def values(self) -> dict[str, Any]:
        """Values of the chart that narrow a run to it."""
        run: dict[str, Any] = {"checks": {"enabled": sorted(self.requirements) or "none"}}
        nodes = sorted({*self.nodes, *self.partners})
        if nodes:
            run["nodes"] = nodes
        else:
            run["probes"] = {"compute": False, "memory": False, "tcp": False}
        return {"run": run}

    def lines(self) -> Iterator[str]:
        """What will be done, for the person who waits."""
        if self.is_empty:
            yield f"Everything in {self.run} passed: there is nothing to run again."
            return
        yield f"Again from {self.run}, what did not pass there, and nothing else:"
        yield f"  nodes: {_told(self.nodes)}"
        if self.partners:
            yield f"  with them, as ends of links that did not pass: {_listed(self.partners)}"
        yield f"  requirements: {_told(self.requirements)}"


def what_did_not_pass(judgement: Judgement) -> Again:
    """
    Nodes, both ends of required links, and requirements whose verdict is neither PASS nor SKIP.

    Raises:
        ConfigError: The run did not pass, and no part of it can be named for that.
    """
    nodes = {
        v.subject.node: v.outcome
        for v in judgement.verdicts
        if v.item == "node" and v.subject.node and v.outcome not in _DONE
    }
    ends = {end for v in judgement.verdicts if _is_open_link(v) for end in _ends(v)}
    again = Again(
        run=judgement.run,
        nodes=nodes,
        partners=tuple(sorted(ends - nodes.keys())),
        requirements={r.id: r.outcome for r in judgement.requirements if r.outcome not in _DONE},
    )
    passed = {RunVerdict.PASS, RunVerdict.PASS_WITH_WARNINGS}
    if again.is_empty and judgement.verdict not in passed:
        raise ConfigError(
            f"{judgement.run} did not pass, and no node, link or requirement of it can be named "
            f"for that: {judgement.sentence}",
            hint="Run it again as a whole",
        )
    return again


def _is_open_link(verdict: Verdict) -> bool:
    return bool(verdict.subject.peer) and verdict.required and verdict.outcome not in _DONE


def _ends(verdict: Verdict) -> tuple[str, str]:
    return verdict.subject.node or "", verdict.subject.peer or ""


def _told(outcomes: Mapping[str, Outcome]) -> str:
    return _listed([f"{name} ({outcome.value})" for name, outcome in sorted(outcomes.items())])


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more if names else "none"

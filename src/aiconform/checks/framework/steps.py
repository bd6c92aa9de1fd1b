"""One step of a check: what is seen goes into the journal, whatever happens meanwhile."""

import json
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any

from aiconform.checks.framework.errors import (
    ImageError,
    RefusedError,
    UnavailableError,
)
from aiconform.checks.framework.http import HttpError
from aiconform.judge.words import clip
from aiconform.model.errors import ClusterError, ForbiddenError
from aiconform.model.records import Sighted, StepProblem

MOST_FACTS_CHARACTERS = 128 * 1024

Record = Callable[[Sighted], Awaitable[None]]


class Step:
    """
    `async with ctx.step("device-allocated") as seen: seen["node"] = …`

    What is put into it becomes the step's facts: JSON, no NaN. Trouble that is no defect of the
    check (a missing right, a refusal, an unreachable API server, no free device) ends the block
    and not the check: it is recorded with the step, and `ok` is False afterwards.
    """

    def __init__(
        self, check: str, name: str, *, record: Record, clock: Callable[[], float]
    ) -> None:
        self._check, self.name = check, name
        self._record, self._clock = record, clock
        self._facts: dict[str, Any] = {}
        self._began = clock()
        self._told = False
        self.problem: StepProblem | None = None

    def __setitem__(self, key: str, value: Any) -> None:
        self._facts[key] = value

    def __getitem__(self, key: str) -> Any:
        return self._facts[key]

    def update(self, facts: Mapping[str, Any]) -> None:
        self._facts.update(facts)

    @property
    def ok(self) -> bool:
        """It came to its end. Whether what it saw is good is not asked here."""
        return self._told and self.problem is None

    async def __aenter__(self) -> "Step":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if exc is None:
            await self.tell(None)
            return False
        problem = problem_of(exc)
        if problem is None:
            return False  # a defect, or the end of the check: the runner tells it
        await self.tell(problem)
        return True

    async def tell(self, problem: StepProblem | None) -> None:
        """Record the step as it is now. Once told it stays told."""
        if self._told:
            return
        self._told, self.problem = True, problem
        await self._record(
            Sighted(
                check=self._check,
                step=self.name,
                began=self._began,
                ended=self._clock(),
                facts=plain(self._facts),
                problem=problem,
            )
        )


def problem_of(exc: BaseException) -> StepProblem | None:
    """None: not a trouble of the step."""
    match exc:
        case ForbiddenError():
            return _problem("forbidden", "NotPermitted", str(exc))
        case RefusedError():
            return _problem("refused", "Refused", str(exc))
        case ImageError():
            return _problem("image", "ImagePull", str(exc))
        case UnavailableError():
            return _problem("unavailable", exc.reason, str(exc))
        case HttpError():
            return _problem("api", "NoAnswer", str(exc))
        case ClusterError():
            return _problem("api", "ApiTrouble", str(exc))
        case _:
            return None


def plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    """
    The facts as JSON, as a replay of the journal will have them.

    Raises:
        ValueError: No JSON, NaN in it, or too much: such things belong into an evidence file.
    """
    text = json.dumps(facts, allow_nan=False)
    if len(text) > MOST_FACTS_CHARACTERS:
        raise ValueError(f"{len(text)} characters of facts: put them into an evidence file")
    return dict(json.loads(text))


def _problem(kind: Any, reason: str, sentence: str) -> StepProblem:
    return StepProblem(kind=kind, reason=reason, sentence=clip(sentence))

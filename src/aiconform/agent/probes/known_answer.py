"""
Does each device compute right? A product that is known exactly, repeated.

Any wrong element is corruption. Whether the same fault shows again in a second call tells a
broken unit from a passing event.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from aiconform.agent.engines.choose import make_engine
from aiconform.agent.engines.protocol import Device, describe
from aiconform.agent.probes.multiplication import Multiplication, usual
from aiconform.agent.probes.request import Emit, Request
from aiconform.agent.probes.signs import SignProduct, Wrong
from aiconform.agent.probes.sizes import known_answer_size, repeats_of, seed_of
from aiconform.agent.records import Body, sentence

KEEP_FREE = 0.3  # of the time limit: fetching and checking take time too


def check_known_answer(request: Request, emit: Emit) -> None:
    """One body for each device."""
    engine = make_engine(str(request.values["engine"]))
    for device in engine.devices():
        emit(check_product(engine, device, request, usual(device)))


@dataclass(frozen=True)
class _Seen:
    """What the calls so far have shown."""

    calls: int = 0
    wrong_count: int = 0
    first: "Wrong | None" = None
    repeated: "bool | None" = None  # None: there was no fault to repeat


def check_product(
    engine: Any, device: Device, request: Request, multiplication: Multiplication
) -> Body:
    """One device's product of signs, repeated, against what it must be."""
    started = time.monotonic()
    size = known_answer_size(request.params, engine, device)
    product = SignProduct(seed=seed_of(request.params), size=size)
    left, right = multiplication.known(engine, device, product)
    seen = _look(
        lambda: engine.fetch(multiplication.run(engine, left, right)),
        product,
        repeats=repeats_of(request.params),
        has_time=lambda: request.has_time(KEEP_FREE),
    )
    return {
        "kind": "check",
        "exercise": request.exercise,
        "device": device.name,
        "ok": seen.wrong_count == 0,
        "wrong_count": seen.wrong_count,
        "total_count": seen.calls * size * size,
        "seed": product.seed,
        "repeats": seen.calls,
        "repeated": seen.repeated,
        "detail": _detail(seen),
        "params": {
            "size": size,
            "dtype": multiplication.dtype,
            "seconds": round(time.monotonic() - started, 3),
        },
        "engine": describe(engine),
    }


def _look(
    compute: Callable[[], bytes],
    product: SignProduct,
    *,
    repeats: int,
    has_time: Callable[[], bool],
) -> _Seen:
    """Call until a fault shows, `repeats` calls were right, or time runs out; at least once."""
    seen = _Seen()
    right: "bytes | None" = None
    while seen.calls == 0 or (seen.calls < repeats and has_time()):
        result = compute()
        seen = replace(seen, calls=seen.calls + 1)
        if result == right:  # exact arithmetic: equal bits, and no need to check once more
            continue
        wrong = list(product.wrong_elements(result))
        if wrong:
            return _again(seen, wrong, list(product.wrong_elements(compute())))
        right = result
    return seen


def _again(seen: _Seen, wrong: "list[Wrong]", second: "list[Wrong]") -> _Seen:
    places = {(each.row, each.column) for each in wrong}
    return _Seen(
        calls=seen.calls + 1,
        wrong_count=len(wrong) + len(second),
        first=wrong[0],
        repeated=any((each.row, each.column) in places for each in second),
    )


def _detail(seen: _Seen) -> str:
    first = seen.first
    if first is None:
        return ""
    return sentence(
        f"element ({first.row}, {first.column}) is {first.got:g} and must be {first.expected}"
    )

"""
Does memory keep what is written to it? Patterns over all that is free, checked on the device.

All blocks are written before the first is verified, then the inverse in reversed order: a cell that
is disturbed by its neighbours shows.
"""

import time
from typing import Any

from aiconform.agent.engines.protocol import Device, describe
from aiconform.agent.probes.needs import accelerators, engine_for_accelerators, product
from aiconform.agent.probes.request import Emit, Request
from aiconform.agent.probes.sizes import pattern_bytes, seed_of
from aiconform.agent.probes.together import at_once
from aiconform.agent.records import Body

KEEP_FREE = 0.15  # of the time limit
BLOCK_BYTES = 1 << 30
WORD_BYTES = 4
PATTERNS = ("0", "55555555", "address", "hash")


def check_memory_pattern(request: Request, emit: Emit) -> None:
    """One body for each accelerator, all at the same time: how many words were wrong."""
    engine = engine_for_accelerators(request, "pattern", "mismatches", "free_bytes")
    devices = accelerators(request, engine.devices())
    at_once(devices, lambda device: _check(engine, device, request), emit)


def _check(engine: Any, device: Device, request: Request) -> Body:
    started = time.monotonic()
    seed = seed_of(request.params)
    total = pattern_bytes(request.params, engine.free_bytes(device))
    blocks = _blocks(total)
    verified = wrong = 0
    first = ""
    for name in (n for plain in PATTERNS for n in (plain, f"~{plain}")):
        if verified and not request.has_time(KEEP_FREE):
            break
        arrays = [engine.pattern(name, words=n, device=device, seed=seed + i)
                  for i, n in enumerate(blocks)]  # fmt: skip
        engine.wait(*arrays)
        order = range(len(arrays))
        for i in reversed(order) if name.startswith("~") else order:
            count = engine.mismatches(name, arrays[i], seed=seed + i)
            first = first or (f"block {i}, pattern {name}: {count} words" if count else "")
            wrong += count
            verified += blocks[i]
    return {
        "kind": "check",
        "exercise": request.exercise,
        "device": device.name,
        "ok": wrong == 0,
        "wrong_count": wrong,
        "total_count": verified,
        "seed": seed,
        "repeats": 1,
        "repeated": None,
        "detail": first,
        "params": {
            "bytes": sum(blocks) * WORD_BYTES,
            "seconds": round(time.monotonic() - started, 3),
            **product(device),
        },
        "engine": describe(engine),
    }


def _blocks(total_bytes: int) -> "list[int]":
    """Words of each block."""
    whole, rest = divmod(total_bytes, BLOCK_BYTES)
    sizes = [BLOCK_BYTES] * whole + ([rest] if rest >= WORD_BYTES else [])
    return [size // WORD_BYTES for size in sizes]

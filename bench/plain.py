"""
The best plain use of a framework: what somebody writes who wants the figure and nothing else.

Each way of writing it gives one sample per call, as long as a sample of our exercises. The best of
the ways is what we are compared with.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

SAMPLE_S = 0.05
FLOAT_BYTES = 4
Sample = Callable[[], float]  # → what is done per second
Ways = Mapping[str, Sample]


def plain_ways(engine: str, what: str, **sizes: int) -> Ways:
    """
    Args:
        what: gemm.rate, memory.copy, memory.triad or coll.all_reduce.
        sizes: `size`: a side, or bytes of one buffer.
    """
    makers: dict[tuple[str, str], Callable[..., Ways]] = {
        ("jax", "gemm.rate"): _jax_gemm,
        ("jax", "memory.copy"): _numpy_copy,
        ("jax", "memory.triad"): _jax_triad,
        ("jax", "coll.all_reduce"): _jax_all_reduce,
        ("torch", "gemm.rate"): _torch_gemm,
        ("torch", "memory.copy"): _torch_copy,
        ("torch", "memory.triad"): _torch_triad,
    }
    return makers[engine, what](**sizes)


def _rate(call: Callable[[], object], done: float) -> Sample:
    """`done` is what one call does; so many calls are timed together as fill a sample."""
    call()
    began = time.perf_counter()
    call()
    calls = max(1, round(SAMPLE_S / max(time.perf_counter() - began, 1e-7)))

    def sample() -> float:
        began = time.perf_counter()
        for _ in range(calls):
            call()
        return done * calls / (time.perf_counter() - began)

    return sample


def _jax_gemm(size: int) -> Ways:
    import jax
    import jax.numpy as jnp

    left, right = (jax.random.normal(jax.random.key(n), (size, size)) for n in (1, 2))
    multiply = jax.jit(jnp.matmul)
    queue: Any = [lambda: multiply(left, right)] * 8
    flops = 2.0 * size**3
    return {
        "one by one": _rate(lambda: multiply(left, right).block_until_ready(), flops),
        "eight queued": _rate(lambda: jax.block_until_ready([f() for f in queue]), 8 * flops),
    }


def _jax_triad(size: int) -> Ways:
    import jax

    shape = (size // FLOAT_BYTES // 1024, 1024)
    left, right, held = (jax.random.normal(jax.random.key(n), shape) for n in (1, 2, 3))
    donating = jax.jit(lambda a, b, c: a + 3.0 * b, donate_argnums=2, keep_unused=True)
    fresh = jax.jit(lambda a, b: a + 3.0 * b)

    def into() -> None:
        nonlocal held
        held = donating(left, right, held)
        held.block_until_ready()

    return {
        "donating": _rate(into, 3.0 * size),
        "into a new buffer": _rate(lambda: fresh(left, right).block_until_ready(), 3.0 * size),
    }


def _numpy_copy(size: int) -> Ways:
    import numpy as np

    source = np.random.default_rng(1).random(size // 8)
    target = np.zeros_like(source)
    return {"numpy.copyto": _rate(lambda: np.copyto(target, source), 2.0 * size)}


def _jax_all_reduce(size: int) -> Ways:
    import jax
    import jax.numpy as jnp
    from jax.sharding import Mesh, NamedSharding, PartitionSpec

    devices = jax.local_devices()
    mesh = Mesh(devices, ("rank",))
    count = size // FLOAT_BYTES
    spread = NamedSharding(mesh, PartitionSpec("rank"))
    flat = jax.device_put(jnp.ones(len(devices) * count, jnp.float32), spread)
    stacked = jax.device_put(jnp.ones((len(devices), count), jnp.float32), spread)
    spec = PartitionSpec("rank")
    psum = jax.jit(
        jax.shard_map(lambda x: jax.lax.psum(x, "rank"), mesh=mesh, in_specs=spec, out_specs=spec)
    )
    everywhere = NamedSharding(mesh, PartitionSpec())
    total = jax.jit(lambda x: x.sum(axis=0), out_shardings=everywhere)
    done = 2.0 * (len(devices) - 1) / len(devices) * size
    return {
        "psum in shard_map": _rate(lambda: psum(flat).block_until_ready(), done),
        "sum over a sharded axis": _rate(lambda: total(stacked).block_until_ready(), done),
    }


def _torch_gemm(size: int) -> Ways:
    import torch

    left, right = torch.randn(size, size), torch.randn(size, size)
    result = torch.empty(size, size)
    flops = 2.0 * size**3
    return {
        "mm": _rate(lambda: torch.mm(left, right), flops),
        "mm into a buffer": _rate(lambda: torch.mm(left, right, out=result), flops),
    }


def _torch_copy(size: int) -> Ways:
    import torch

    source = torch.randn(size // FLOAT_BYTES)
    target = torch.zeros_like(source)
    return {"copy_": _rate(lambda: target.copy_(source), 2.0 * size)}


def _torch_triad(size: int) -> Ways:
    import torch

    left, right = torch.randn(size // FLOAT_BYTES), torch.randn(size // FLOAT_BYTES)
    result = torch.zeros_like(left)
    return {
        "add into a buffer": _rate(
            lambda: torch.add(left, right, alpha=3.0, out=result), 3.0 * size
        ),
        "add": _rate(lambda: torch.add(left, right, alpha=3.0), 3.0 * size),
    }

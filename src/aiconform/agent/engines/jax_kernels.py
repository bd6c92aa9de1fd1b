"""What JAX compiles for us: collectives over a mesh of devices, and memory patterns."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from aiconform.agent.engines.protocol import Array, CollectiveKind

AXIS = "rank"
# Elements repeat after a prime number, so that a shifted or mixed-up block is seen.
PERIOD = 251


class JaxCollective:
    """
    Rank r holds `(index mod 251) + r` in float32: every sum is an exact integer.

    The number of ranks is small enough for all sums to stay below 2^24.
    """

    def __init__(self, kind: CollectiveKind, *, element_count: int, devices: Sequence[Any]) -> None:
        self._mesh = Mesh(devices, (AXIS,))
        self._kind, self._ranks = kind, len(devices)
        own = element_count // self._ranks if kind == "all_gather" else element_count
        self._source = self._build(partial(_source, own=own))
        self._run = self._sharded(partial(_collective, kind=kind))
        self._wrong = self._sharded(partial(_wrong, kind=kind, own=own, ranks=self._ranks))
        self._result: Array = None

    def run(self) -> None:
        self._result = None  # its memory is free for the next one
        self._result = self._run(self._source)
        jax.block_until_ready(self._result)

    def wrong_count(self) -> int:
        return int(jnp.sum(self._wrong(self._result)))

    def _build(self, make: Any) -> Array:
        ranks = jax.device_put(
            jnp.arange(self._ranks, dtype=jnp.int32),
            NamedSharding(self._mesh, PartitionSpec(AXIS)),
        )
        return self._sharded(make)(ranks)

    def _sharded(self, function: Any) -> Any:
        """Each rank sees its own part."""
        return jax.jit(
            shard_map()(
                function,
                mesh=self._mesh,
                in_specs=PartitionSpec(AXIS),
                out_specs=PartitionSpec(AXIS),
            )
        )


def shard_map() -> Any:
    """The transformation itself, wherever this version of JAX has it."""
    if hasattr(jax, "shard_map"):
        return jax.shard_map
    from jax.experimental.shard_map import shard_map as until_0_6

    return until_0_6


def _source(rank: Array, *, own: int) -> Array:
    return (jnp.arange(own) % PERIOD).astype(jnp.float32) + rank[0].astype(jnp.float32)


def _collective(values: Array, *, kind: CollectiveKind) -> Array:
    if kind == "all_reduce":
        return jax.lax.psum(values, AXIS)
    if kind == "all_gather":
        return jax.lax.all_gather(values, AXIS, tiled=True)
    if kind == "reduce_scatter":
        return jax.lax.psum_scatter(values, AXIS, tiled=True)
    return jax.lax.all_to_all(values, AXIS, split_axis=0, concat_axis=0, tiled=True)


def _wrong(values: Array, *, kind: CollectiveKind, own: int, ranks: int) -> Array:
    """Shape (1,): how many elements of this rank's result differ from what they must be."""
    expected = _expected(kind, own=own, ranks=ranks, rank=jax.lax.axis_index(AXIS))
    return jnp.sum(values != expected)[None]


def _expected(kind: CollectiveKind, *, own: int, ranks: int, rank: Array) -> Array:
    every = (jnp.arange(own) % PERIOD).astype(jnp.float32)
    total = ranks * every + ranks * (ranks - 1) // 2
    part = own // ranks
    if kind == "all_reduce":
        return total
    if kind == "reduce_scatter":
        return jax.lax.dynamic_slice(total, (rank * part,), (part,))
    senders = jnp.arange(ranks, dtype=jnp.float32)[:, None]
    if kind == "all_gather":
        return (every[None, :] + senders).reshape(-1)
    block = jax.lax.dynamic_slice(every, (rank * part,), (part,))
    return (block[None, :] + senders).reshape(-1)


@partial(jax.jit, static_argnums=(0, 1))
def write_pattern(name: str, words: int, seed: int) -> Array:
    """Shape (words,), 32 bits each; `~` before a name inverts it."""
    if name.startswith("~"):
        return ~_plain(name[1:], words, seed)
    return _plain(name, words, seed)


@partial(jax.jit, static_argnums=(0,))
def count_mismatches(name: str, array: Array, seed: int) -> Array:
    return jnp.sum(array != write_pattern(name, array.shape[0], seed))


def _plain(name: str, words: int, seed: int) -> Array:
    index = jax.lax.iota(jnp.uint32, words)
    if name == "address":
        return index ^ jnp.uint32(seed)
    if name == "hash":
        # The finaliser of MurmurHash3: every bit of the index moves half of the bits.
        mixed = (index ^ (index >> 16)) * jnp.uint32(0x85EBCA6B)
        mixed = (mixed ^ (mixed >> 13)) * jnp.uint32(0xC2B2AE35)
        return mixed ^ (mixed >> 16) ^ jnp.uint32(seed)
    return jnp.full(words, int(name, 16), jnp.uint32)

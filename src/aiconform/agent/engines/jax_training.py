"""
A small decoder-only transformer, trained data-parallel over some devices, with JAX alone.

Gradients are averaged by the framework's own all-reduce, so every device must hold the very same
parameters after every step. Sequences follow `x[t+1] = (a x[t] + b) mod V` for one of 16 pairs of
(a, b): no data files, and it takes attention to learn which pair it is.
"""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from aiconform.agent.engines.jax_kernels import AXIS, shard_map
from aiconform.agent.engines.protocol import Array, TrainShape

RULES = 16
BETA_1, BETA_2, EPSILON, DECAY = 0.9, 0.95, 1e-8, 0.01
Parameters = dict[str, Any]


class JaxTrainer:
    """The same seed and devices give the same losses, bit for bit."""

    def __init__(self, devices: Sequence[Any], shape: TrainShape, *, seed: int) -> None:
        self._mesh = Mesh(np.array(devices), (AXIS,))
        self._shape, self._seed = shape, seed
        everywhere = NamedSharding(self._mesh, PartitionSpec())
        parameters = _initial(shape, seed)
        zeros = jax.tree.map(jnp.zeros_like, parameters)
        self._state = jax.device_put((parameters, zeros, zeros), everywhere)
        self._step = self._compiled()
        self._count = 0

    def step(self) -> float:
        """One step on the next batch; its loss before the step."""
        self._count += 1
        batch = _batch(self._shape, ranks=self._mesh.size, seed=self._seed, step=self._count)
        placed = jax.device_put(batch, NamedSharding(self._mesh, PartitionSpec(AXIS)))
        self._state, loss = self._step(self._state, placed, jnp.float32(self._count))
        return float(loss)

    def checksums(self) -> "tuple[int, ...]":
        """Of all parameters, on each device: all the same, or one has gone its own way."""
        sums = [0] * self._mesh.size
        for leaf in jax.tree.leaves(self._state[0]):
            for rank, shard in enumerate(leaf.addressable_shards):
                bits = np.asarray(shard.data).view(np.uint32).astype(np.uint64)
                weights = np.arange(1, bits.size + 1, dtype=np.uint64)
                sums[rank] = (sums[rank] * 31 + int((bits.ravel() * weights).sum())) % 2**64
        return tuple(sums)

    def _compiled(self) -> Any:
        return jax.jit(
            shard_map()(
                partial(_step, shape=self._shape),
                mesh=self._mesh,
                in_specs=(PartitionSpec(), PartitionSpec(AXIS), PartitionSpec()),
                out_specs=(PartitionSpec(), PartitionSpec()),
            )
        )


def _initial(shape: TrainShape, seed: int) -> Parameters:
    """float32; the output layer is the embedding, transposed."""
    width, layers = shape.width, shape.layers
    source = np.random.default_rng(seed)

    def normal(*dimensions: int, scale: float) -> Array:
        return jnp.asarray(source.normal(0.0, scale, dimensions), jnp.float32)

    small = 1 / math.sqrt(width)
    return {
        "embedding": normal(shape.vocabulary, width, scale=small),
        "position": normal(shape.sequence, width, scale=small),
        "attention": normal(layers, width, 3 * width, scale=small),
        "output": normal(layers, width, width, scale=small / math.sqrt(2 * layers)),
        "up": normal(layers, width, 4 * width, scale=small),
        "down": normal(layers, 4 * width, width, scale=small / 2 / math.sqrt(2 * layers)),
        "norms": jnp.ones((layers, 2, width), jnp.float32),
        "last_norm": jnp.ones(width, jnp.float32),
    }


def _batch(shape: TrainShape, *, ranks: int, seed: int, step: int) -> "np.ndarray[Any, Any]":
    """Shape (ranks · batch, sequence + 1): the next token is what must be told."""
    rules = np.random.default_rng(seed)
    size = shape.vocabulary
    factors = 2 * rules.integers(0, size // 2, RULES) + 1
    offsets = rules.integers(0, size, RULES)
    source = np.random.default_rng((seed, step))
    count = ranks * shape.batch
    rule = source.integers(0, RULES, count)
    tokens = np.empty((count, shape.sequence + 1), np.int32)
    tokens[:, 0] = source.integers(0, size, count)
    for t in range(shape.sequence):
        tokens[:, t + 1] = (factors[rule] * tokens[:, t] + offsets[rule]) % size
    return tokens


def _step(
    state: "tuple[Parameters, Parameters, Parameters]",
    tokens: Array,
    count: Array,
    *,
    shape: TrainShape,
) -> Any:
    """AdamW on the mean of all ranks' gradients."""
    parameters, first, second = state
    # Each rank differentiates for itself; the mean over ranks is then one all-reduce.
    own = jax.tree.map(lambda leaf: _varying(leaf), parameters)
    loss, gradients = jax.value_and_grad(_loss)(own, tokens, shape)
    loss, gradients = jax.lax.pmean((loss, gradients), AXIS)
    first = jax.tree.map(lambda m, g: BETA_1 * m + (1 - BETA_1) * g, first, gradients)
    second = jax.tree.map(lambda v, g: BETA_2 * v + (1 - BETA_2) * g * g, second, gradients)
    rate = shape.learning_rate * jnp.minimum(1.0, count / shape.warm_up_steps)

    def moved(p: Array, m: Array, v: Array) -> Array:
        mean, square = m / (1 - BETA_1**count), v / (1 - BETA_2**count)
        return p - rate * (mean / (jnp.sqrt(square) + EPSILON) + DECAY * p)

    return (jax.tree.map(moved, parameters, first, second), first, second), loss


def _varying(leaf: Array) -> Array:
    """Newer JAX tells replicated values from those of a rank, and would sum gradients by itself."""
    cast = getattr(jax.lax, "pcast", None)
    if cast is not None:
        return cast(leaf, AXIS, to="varying")
    older = getattr(jax.lax, "pvary", None)
    return older(leaf, AXIS) if older is not None else leaf


def _loss(parameters: Parameters, tokens: Array, shape: TrainShape) -> Array:
    dtype = jnp.dtype(shape.dtype)
    inputs, targets = tokens[:, :-1], tokens[:, 1:]
    hidden = (parameters["embedding"][inputs] + parameters["position"]).astype(dtype)
    mask = jnp.tril(jnp.ones((shape.sequence, shape.sequence), bool))
    layers = {k: parameters[k] for k in ("attention", "output", "up", "down", "norms")}

    def layer(x: Array, weights: Parameters) -> "tuple[Array, None]":
        w = {name: value.astype(dtype) for name, value in weights.items()}
        x = x + _attention(_norm(x, w["norms"][0]), w, mask, shape)
        inner = jax.nn.gelu(_norm(x, w["norms"][1]) @ w["up"])
        return x + inner @ w["down"], None

    hidden, _ = jax.lax.scan(layer, hidden, layers)
    hidden = _norm(hidden, parameters["last_norm"].astype(dtype))
    logits = (hidden @ parameters["embedding"].T.astype(dtype)).astype(jnp.float32)
    told = jnp.take_along_axis(jax.nn.log_softmax(logits), targets[..., None], axis=-1)
    return -jnp.mean(told)


def _attention(x: Array, weights: Parameters, mask: Array, shape: TrainShape) -> Array:
    batch, length, width = x.shape
    size = width // shape.heads
    parts = (x @ weights["attention"]).reshape(batch, length, 3, shape.heads, size)
    query, key, value = (parts[:, :, n].transpose(0, 2, 1, 3) for n in range(3))
    scores = (query @ key.transpose(0, 1, 3, 2)).astype(jnp.float32) / math.sqrt(size)
    chances = jax.nn.softmax(jnp.where(mask, scores, -1e9)).astype(x.dtype)
    return (chances @ value).transpose(0, 2, 1, 3).reshape(batch, length, width) @ weights["output"]


def _norm(x: Array, scale: Array) -> Array:
    square = jnp.mean(jnp.square(x.astype(jnp.float32)), axis=-1, keepdims=True)
    return (x.astype(jnp.float32) * jax.lax.rsqrt(square + 1e-6)).astype(x.dtype) * scale

"""Keeps an accelerator busy with matrix products, through the framework that the image has."""

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiconform.workload.errors import NotEnoughError

SIZE = 4096  # of the matrices: a product takes long enough to keep any device busy


@dataclass(frozen=True)
class Accelerator:
    """
    `work` does one product and returns when the device has done it; `held` is its buffer.

    A module given by name makes one of these: `make_accelerator(buffer_bytes) -> Accelerator`, or
    anything else with these four.
    """

    framework: str
    device: str
    held: Any
    work: Callable[[], None]


def make_accelerator(choice: str, *, buffer_bytes: int) -> "Accelerator | None":
    """
    Args:
        choice: auto, none, torch, jax, or a module with `make_accelerator`.

    Returns: The first device, with a buffer of that size on it. None when the choice is none, or
        auto and there is no accelerator.

    Raises:
        NotEnoughError: What was chosen by name is not there or does not work.
    """
    if choice == "none":
        return None
    makers: dict[str, Callable[[int], Accelerator | None]] = {"torch": _torch, "jax": _jax}
    if choice == "auto":
        installed = [name for name in makers if importlib.util.find_spec(name) is not None]
        found = (_explained(name, makers[name], buffer_bytes) for name in installed)
        return next((each for each in found if each is not None), None)
    make = makers.get(choice) or _module(choice)
    accelerator = _explained(choice, make, buffer_bytes)
    if accelerator is None:
        raise NotEnoughError(f"{choice} sees no accelerator in this container")
    return accelerator


def _explained(
    name: str, make: "Callable[[int], Accelerator | None]", buffer_bytes: int
) -> "Accelerator | None":
    try:
        return make(buffer_bytes)
    except Exception as exc:
        raise NotEnoughError(f"{name} does not work here: {type(exc).__name__}: {exc}") from exc


def _module(name: str) -> "Callable[[int], Accelerator | None]":
    try:
        module = importlib.import_module(name)
    except ImportError as exc:
        raise NotEnoughError(f"the module {name} cannot be imported: {exc}") from exc
    make: Callable[[int], Accelerator | None] | None = getattr(module, "make_accelerator", None)
    if make is None:
        raise NotEnoughError(f"the module {name} has no make_accelerator(buffer_bytes)")
    return make


def _torch(buffer_bytes: int) -> "Accelerator | None":
    torch = importlib.import_module("torch")
    kinds = ("cuda", "xpu", "hpu", "npu", "mps")
    kind = next((k for k in kinds if hasattr(torch, k) and getattr(torch, k).is_available()), None)
    if kind is None:
        return None
    device = f"{kind}:0"
    held = torch.full((max(1, buffer_bytes),), 1, dtype=torch.uint8, device=device)
    matrix = torch.randn(SIZE, SIZE, dtype=torch.bfloat16, device=device) / SIZE**0.5

    def work() -> None:
        (matrix @ matrix)[0, 0].item()  # fetching one number waits for the product

    work()
    return Accelerator("torch", device, held, work)


def _jax(buffer_bytes: int) -> "Accelerator | None":
    jax = importlib.import_module("jax")
    numpy = importlib.import_module("jax.numpy")
    device = next((each for each in jax.devices() if each.platform != "cpu"), None)
    if device is None:
        return None
    with jax.default_device(device):
        held = numpy.ones((max(1, buffer_bytes),), dtype=numpy.uint8).block_until_ready()
        matrix = jax.random.normal(jax.random.PRNGKey(0), (SIZE, SIZE), dtype=numpy.bfloat16)
        product = jax.jit(lambda left: (left / SIZE**0.5) @ left)

    def work() -> None:
        product(matrix).block_until_ready()

    work()
    return Accelerator("jax", f"{device.platform}:{device.id}", held, work)

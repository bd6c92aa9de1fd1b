"""Which engine: the one that the run asks for, or the best that the image has."""

import importlib
import importlib.util
from collections.abc import Callable

from aiconform.agent.engines.protocol import Engine
from aiconform.agent.errors import EngineError


def make_engine(choice: str) -> Engine:
    """
    Args:
        choice: auto, torch, jax, python, or a module of the image that has `make_engine()` or
            `ENGINE`.

    Raises:
        EngineError: The image has no such framework or module, or it does not start.
    """
    if choice == "auto":
        return _best()
    named = {"torch": _torch, "jax": _jax, "python": _python}.get(choice)
    return named() if named is not None else _from_module(choice)


def _best() -> Engine:
    """PyTorch if it has accelerators, else JAX, else PyTorch on the processor, else our own."""
    torch = _torch() if _installed("torch") else None
    if torch is not None and any(d.kind == "accelerator" for d in torch.devices()):
        return torch
    if _installed("jax"):
        return _jax()
    return torch if torch is not None else _python()


def _torch() -> Engine:
    with _explained("torch"):
        from aiconform.agent.engines.torch_engine import TorchEngine

        return TorchEngine()


def _jax() -> Engine:
    with _explained("jax"):
        from aiconform.agent.engines.jax_engine import JaxEngine

        return JaxEngine()


def _python() -> Engine:
    from aiconform.agent.engines.python_engine import PythonEngine

    return PythonEngine()


def _from_module(name: str) -> Engine:
    with _explained(name):
        module = importlib.import_module(name)
    make: "Callable[[], Engine] | None" = getattr(module, "make_engine", None)
    if make is not None:
        return make()
    engine: "Engine | None" = getattr(module, "ENGINE", None)
    if engine is None:
        raise EngineError(f"the module {name} has neither make_engine() nor ENGINE")
    return engine


def _installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


class _explained:  # noqa: N801 - used as a function
    """Says which engine could not be imported instead of only which module was missing."""

    def __init__(self, choice: str) -> None:
        self._choice = choice

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, exc: "BaseException | None", __: object) -> None:
        if isinstance(exc, ImportError):
            raise EngineError(
                f"the engine {self._choice!r} cannot be imported in this image: {exc}"
            ) from exc

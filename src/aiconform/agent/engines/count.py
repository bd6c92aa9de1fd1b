"""How many accelerators does the framework see? Asked in a child process, as all of frameworks."""

from aiconform.agent.engines.choose import make_engine
from aiconform.agent.probes.request import Emit, Request


def count_accelerators(request: Request, emit: Emit) -> None:
    engine = make_engine(str(request.values.get("engine", "auto")))
    found = [device for device in engine.devices() if device.kind == "accelerator"]
    emit({"kind": "count", "count": len(found)})

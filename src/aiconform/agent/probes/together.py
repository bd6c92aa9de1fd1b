"""Do the same on all devices at the same time, as they are used: power and cooling are shared."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiconform.agent.engines.protocol import Device
from aiconform.agent.probes.request import Emit


def at_once(
    devices: Sequence[Device], work: Callable[[Device], Mapping[str, Any]], emit: Emit
) -> None:
    """
    Each device's body is emitted as it comes.

    Raises:
        Exception: What `work` raised for the first device that failed, after all have ended.
    """
    if len(devices) == 1:  # no thread: a processor's engine shall have the cores for itself
        emit(work(devices[0]))
        return
    lock = threading.Lock()

    def one(device: Device) -> None:
        body = work(device)
        with lock:
            emit(body)

    with ThreadPoolExecutor(len(devices)) as threads:
        ended = [threads.submit(one, device) for device in devices]
    for each in ended:
        each.result()

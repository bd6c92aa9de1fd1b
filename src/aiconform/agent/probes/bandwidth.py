"""How fast does a call move its bytes?"""

import time
from collections.abc import Callable

from aiconform.agent.probes.request import Request
from aiconform.agent.probes.sampling import Sampled, calls_to_fill, take_samples
from aiconform.agent.probes.sizes import repeats_of, sample_s


def sample_bandwidth(
    request: Request, move: Callable[[], object], *, moved_bytes: float
) -> Sampled:
    """
    In gigabytes (1e9) per second, with as many calls in a sample as the scale asks for.

    Args:
        move: Returns when its bytes are there.
        moved_bytes: That one call reads and writes, or what else its figure counts.
    """
    calls = calls_to_fill(move, seconds=sample_s(request.params))

    def gigabytes_per_second() -> float:
        began = time.perf_counter()
        for _ in range(calls):
            move()
        return moved_bytes * calls / (time.perf_counter() - began) / 1e9

    return take_samples(
        gigabytes_per_second, repeats=repeats_of(request.params), has_time=request.has_time
    )

"""Token buckets by name (a node, an address), so that nobody takes more than a share."""

from collections import OrderedDict
from collections.abc import Callable


class Buckets:
    """
    Each name may spend `burst` at once and `per_s` in the long run.

    Names beyond `size` push the oldest out: memory stays bounded whatever strangers send.
    """

    def __init__(
        self, *, per_s: float, burst: float, clock: Callable[[], float], size: int = 16_384
    ) -> None:
        self._per_s, self._burst, self._clock, self._size = per_s, burst, clock, size
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()  # left, at

    def wait_s(self, name: str, cost: float = 1.0) -> float:
        """Seconds until the name may spend `cost`; 0 when it may now."""
        return max(0.0, (min(cost, self._burst) - self._left(name)) / self._per_s)

    def spend(self, name: str, cost: float = 1.0) -> None:
        """Take from the bucket; it may go below zero, which makes the next wait longer."""
        self._levels[name] = (self._left(name) - cost, self._clock())
        self._levels.move_to_end(name)
        while len(self._levels) > self._size:
            self._levels.popitem(last=False)

    def _left(self, name: str) -> float:
        left, at = self._levels.get(name, (self._burst, self._clock()))
        return min(self._burst, left + (self._clock() - at) * self._per_s)

"""What arrives through a child's pipes: whole lines of JSON, and the last of its output."""

MAX_LINE_BYTES = 256 * 1024
RING_BYTES = 64 * 1024


class Lines:
    """Puts chunks together to lines. A line beyond the limit is not ours: it is refused."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> "list[bytes]":
        """
        Raises:
            ValueError: A line longer than MAX_LINE_BYTES.
        """
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > MAX_LINE_BYTES:
            raise ValueError(f"a line of more than {MAX_LINE_BYTES} bytes from a probe")
        return lines


class Ring:
    """Keeps the last 64 KiB of what a child printed."""

    def __init__(self) -> None:
        self._kept = b""
        self._dropped = 0

    def add(self, chunk: bytes) -> None:
        whole = self._kept + chunk
        self._kept = whole[-RING_BYTES:]
        self._dropped += len(whole) - len(self._kept)

    def text(self) -> str:
        words = self._kept.decode("utf-8", "replace")
        return f"… {self._dropped} bytes before this …\n{words}" if self._dropped else words

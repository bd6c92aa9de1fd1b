"""
WorkloadError
|-- MessageError       bytes that are no HTTP/1.1 message we accept; has the status to answer
|-- CutError           the answer is to be withheld: reset the connection
|-- RefusedError       a well-formed request that cannot be acted on
`-- NotEnoughError     the machine has less than was asked for
"""


class WorkloadError(Exception):
    """Every error of the room; its text says what was wrong and what would be right."""


class MessageError(WorkloadError):
    def __init__(self, problem: str, *, status: int = 400, cut_short: bool = False) -> None:
        super().__init__(problem)
        self.status = status
        self.cut_short = cut_short  # the connection was closed within the message


class CutError(WorkloadError):
    """Raised by a handler that wants its client to see a reset connection."""


class RefusedError(WorkloadError):
    """What a request asks for cannot be done; the text tells how to ask."""


class NotEnoughError(WorkloadError):
    """Starting would end in the kernel killing us, so we do not start."""

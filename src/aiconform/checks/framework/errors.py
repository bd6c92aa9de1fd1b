"""
What stops a step or a check.

AiconformError
|-- ManifestUnsafeError     a manifest that breaks the manners of section 0.5; a defect of the check
|-- UndeclaredError         a call that the check's rights do not name; a defect of the check
|-- RefusedError            the API server did not take what the step needs
|-- ImageError              our own image could not be started
`-- UnavailableError        what the step needs is not there: a free device, a node
"""

from aiconform.cluster.objects import Reply
from aiconform.cluster.resources import Resource
from aiconform.model.errors import AiconformError


class ManifestUnsafeError(AiconformError):
    """A manifest would leave our namespaces, pre-empt, or ask for more than a check may."""


class UndeclaredError(AiconformError):
    """The check asks for what its declaration does not name, so the chart would not grant it."""


class RefusedError(AiconformError):
    """The API server answered, and did not take it."""

    def __init__(self, verb: str, resource: Resource, name: str, reply: Reply) -> None:
        told = reply.message or f"HTTP {reply.status}"
        super().__init__(f"cannot {verb} {resource.qualified} {name}: {told}"[:1500])
        self.reply = reply


class ImageError(AiconformError):
    """A pod of ours cannot start because of its image; `reason` as Kubernetes has it."""

    def __init__(self, pod: str, *, reason: str, sentence: str) -> None:
        super().__init__(f"pod {pod} cannot start: {sentence}"[:1500])
        self.reason = reason


class UnavailableError(AiconformError):
    """What a step needs is not there; `reason` becomes the step's."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


class TimeBoxPassedError(Exception):
    """The check's time is up. Raised by waiting; not to be caught by a check."""

"""
Everything that can go wrong, as one tree. An error says where, what, and what to do next.

AiconformError
|-- ConfigError             the values cannot be acted on; nothing was created yet
|-- ClusterError            the API server refused, or went silent
|   |-- ForbiddenError      names the verb, the resource and what to set
|   |-- ConflictError       the object is there already, or has changed under us
|   `-- NotServedError      the API server does not have this kind of object
|-- NodeError               one node's trouble, which stays with that node
|   `-- RecordRefusedError  malformed, or it speaks for another node
|-- JournalError            the journal cannot be read or written
`-- ResultsError            a results directory or tarball cannot be used
"""


class AiconformError(Exception):
    """Base of all our errors: a problem, and a hint that says what a person can do."""

    def __init__(self, problem: str, *, hint: str = "") -> None:
        super().__init__(f"{problem}. {hint}" if hint else problem)
        self.problem, self.hint = problem, hint


class ConfigError(AiconformError):
    """The values cannot be acted on; nothing was created yet."""


class ClusterError(AiconformError):
    """The API server refused, or went silent."""


class ForbiddenError(ClusterError):
    """We lack a permission; the missing verb and resource are named."""

    def __init__(self, *, verb: str, resource: str, hint: str = "") -> None:
        super().__init__(
            f"not permitted to {verb} {resource}",
            hint=hint or f"Grant '{verb}' on '{resource}' to the coordinator's service account",
        )
        self.verb, self.resource = verb, resource


class ConflictError(ClusterError):
    """The object is there already, or has changed under us."""


class NotServedError(ClusterError):
    """The API server does not have this kind of object."""


class NodeError(AiconformError):
    """One node's trouble, which stays with that node."""

    def __init__(self, problem: str, *, node: str, hint: str = "") -> None:
        super().__init__(f"{node}: {problem}", hint=hint)
        self.node = node


class RecordRefusedError(NodeError):
    """A record is malformed, or it speaks for another node."""


class JournalError(AiconformError):
    """The journal cannot be read or written."""


class ResultsError(AiconformError):
    """A results directory or tarball cannot be used."""

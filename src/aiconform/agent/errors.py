"""
AgentError
|-- SettingsError     the environment does not say what the agent needs to start
|-- TaskError         an order that this agent does not understand
|-- CollectorError    the collector could not be reached, or its answer makes no sense
|-- EngineError       no framework, or it has no working device
|-- SkipError         an exercise does not apply here, with the reason
`-- PairError         the peer of a pair test was not reached, or broke off
"""


class AgentError(Exception):
    """Whatever the agent itself has to say about what went wrong."""


class SettingsError(AgentError):
    """Names the variable and what to set it to."""


class TaskError(AgentError):
    """Names the field of the order that was not understood."""


class CollectorError(AgentError):
    """Names the address and what happened there."""


class EngineError(AgentError):
    """Names the framework that was asked for and what it lacks."""


class SkipError(AgentError):
    """An exercise that does not apply to this node or device."""


class PairError(AgentError):
    """Names the peer's address and the step that failed."""


class Terminated(BaseException):
    """Raised in the main thread by SIGTERM, wherever it is waiting."""

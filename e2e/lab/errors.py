"""
What can go wrong in the lab, each said so that a person can act on it.

LabError
|-- CommandError       a program that the lab called ended with an error
|-- MachineError       this machine lacks something: root, a package, a free address range
|-- ProgramBuildError  a Go program could not be built
|-- NotReadyError      something was started and did not become ready in time
`-- NotUpError         what is asked for needs a part of the lab that does not run
"""


class LabError(Exception):
    """Everything that the lab raises on purpose."""


class CommandError(LabError):
    """A called program failed; the message has the command and the end of what it printed."""

    def __init__(self, command: str, *, exit_code: int, output: str) -> None:
        tail = "\n".join(output.strip().splitlines()[-25:])
        super().__init__(f"`{command}` ended with {exit_code}:\n{tail}")
        self.command, self.exit_code, self.output = command, exit_code, output


class MachineError(LabError):
    """The machine cannot carry the lab as it is."""


class ProgramBuildError(LabError):
    """A Go program could not be built."""


class NotReadyError(LabError):
    """Started, waited for, and not ready in time."""


class NotUpError(LabError):
    """A part of the lab does not run: never started, or ended, as after the machine's restart."""

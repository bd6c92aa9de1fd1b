"""
The program: finds the command, runs it, and turns what goes wrong into a message and an exit code.

A command's module is imported when that command is called and not before: `--version`, `--help`
and `report` start without the cluster's libraries.
"""

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import click

from aiconform import __version__
from aiconform.model.errors import AiconformError, ConfigError
from aiconform.report.scrub import printable

# name → one line of help. Each lives in the module of its name, as the function of its name.
COMMANDS = {
    "run": "Install, follow, fetch the results, show the verdict, remove everything",
    "plan": "Say what would be done, on which nodes, and what it would cost",
    "follow": "Show a run in progress: who is awaited, why, and for how long still",
    "fetch": "Bring the results here, verify them, and let the coordinator end",
    "report": "Judge a finished run again, offline, from its journal",
    "profile": "Say whether kinds of workload will run here, and what is missing",
    "diff": "Say what changed from one run to another, beyond their noise",
    "submission": "Fill in the official checklist from a run, or lint what was filled in",
    "redact": "Put tokens in place of names and addresses, to show results to others",
    "sign": "Vouch for results with a key",
    "verify": "Hold results to their sums and to their signature",
    "rights": "What each part needs, and whether it is granted, before a run",
    "simulate": "Say what a way of testing would find in a network, and what it would take",
    "local": "Exercise this machine alone, without a cluster",
    "release": "Let the coordinator end; run inside its pod after `kubectl cp`",
    "completion": "Print the completion script of a shell",
}
HIDDEN = frozenset({"coordinate", "sonobuoy"})

EXIT_USAGE, EXIT_BROKEN, EXIT_INTERRUPTED = 2, 4, 130
_EXIT_PIPE_CLOSED = 128 + signal.SIGPIPE


class Commands(click.Group):
    """Imports the module of a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS and cmd_name not in HIDDEN:
            return None
        command = getattr(import_module(f"aiconform.cli.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Whoever read our output has gone (`| head`): nothing is wrong, nothing more to say.
            sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  # until the process ends
            return _EXIT_PIPE_CLOSED


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="aiconform")
def aiconform() -> None:
    """
    Is this Kubernetes cluster really ready for AI, and if not, what exactly is broken?

    \b
    A first run on the cluster of the current kubeconfig:
        aiconform rights          # may I?
        aiconform plan            # what would happen, and what would it cost?
        aiconform run             # do it; results land in results/

    \b
    Exit codes: 0 everything required passes, 1 something fails, 2 wrong usage,
    3 something required could not be tested, 4 the run itself broke. What is waived does not count.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without → is no reason to fail
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        result = aiconform.main(words, prog_name=program_name(sys.argv[0]), standalone_mode=False)
    except click.ClickException as exc:
        exc.show()
        return exc.exit_code
    except click.Abort:
        click.echo("Interrupted.", err=True)
        return EXIT_INTERRUPTED
    except AiconformError as exc:
        tell(exc)
        return EXIT_USAGE if isinstance(exc, ConfigError) else EXIT_BROKEN
    except Exception:  # noqa: BLE001  # Python would exit with 1, which means FAIL
        traceback.print_exc()
        click.echo("This is a defect of aiconform; the lines above say where.", err=True)
        return EXIT_BROKEN
    return result if isinstance(result, int) else 0


def tell(error: AiconformError) -> None:
    """The problem and what to do about it, on stderr."""
    click.echo(f"Error: {printable(error.problem, keep_lines=True)}", err=True)
    if error.hint:
        click.echo(f"  → {printable(error.hint, keep_lines=True)}", err=True)


def program_name(argv0: str) -> str:
    """`kubectl aiconform` when kubectl called us as its plugin."""
    called = Path(argv0).name.removesuffix(".exe").replace("_", "-")
    return "kubectl aiconform" if called == "kubectl-aiconform" else "aiconform"

"""`agent.pyz run|local|version`, and `child`, by which the agent starts its own probes."""

import sys

USAGE = """\
usage: agent.pyz run       work for the collector named by AICONFORM_COLLECTOR, until SIGTERM
       agent.pyz local     exercise this machine alone, records on stdout (local --help)
       agent.pyz version   print the version
"""


def main(arguments: "list[str] | None" = None) -> int:
    words = sys.argv[1:] if arguments is None else arguments
    command, rest = (words[0], words[1:]) if words else ("", [])
    # Imported where needed: a probe's child process starts faster without the HTTP client.
    if command == "run" and not rest:
        from aiconform.agent.run import run_agent

        return run_agent()
    if command == "local":
        from aiconform.agent.local import run_local

        return run_local(rest)
    if command == "child":
        from aiconform.agent.probes.child import run_child

        return run_child(rest)
    if command == "version" and not rest:
        from aiconform import __version__

        print(__version__)
        return 0
    print(USAGE, end="", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())

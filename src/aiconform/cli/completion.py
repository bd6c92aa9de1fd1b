"""`aiconform completion`: the script that teaches a shell our commands and options."""

import click

from aiconform.cli.main import aiconform


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """
    Print the completion script of a shell.

    \b
    Examples:
        source <(aiconform completion bash)                     # now
        aiconform completion zsh > ~/.zfunc/_aiconform          # for good
        aiconform completion fish > ~/.config/fish/completions/aiconform.fish
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None  # the choice above names only shells that click knows
    for line in found(aiconform, {}, "aiconform", "_AICONFORM_COMPLETE").source().splitlines():
        click.echo(line)
    return 0

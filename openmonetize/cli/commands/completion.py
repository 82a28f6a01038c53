"""``openmonetize completion``: what a shell needs to complete commands, options and profiles."""

from __future__ import annotations

import click

_HOW = {
    "bash": 'eval "$(openmonetize completion bash)"     # in ~/.bashrc',
    "zsh": 'eval "$(openmonetize completion zsh)"      # in ~/.zshrc',
    "fish": "openmonetize completion fish | source       # in ~/.config/fish/config.fish",
}


@click.command(epilog="\b\n" + "\n".join(_HOW.values()))
@click.argument("shell", type=click.Choice(list(_HOW)))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(ctx.find_root().command, {}, "openmonetize", "_OPENMONETIZE_COMPLETE").source())

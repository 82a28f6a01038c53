"""``openmonetize mcp``: usage and cost for coding agents, by the Model Context Protocol."""

from __future__ import annotations

from contextlib import closing

import click

from openmonetize.cli import mcp_server
from openmonetize.cli.options import Command
from openmonetize.cli.sandbox import load_demo
from openmonetize.cli.session import Session


@click.command(cls=Command)
@click.option("--sandbox", is_flag=True, help="Serve demo data, even if there is a key.")
def command(session: Session, sandbox: bool) -> None:
    """Answer a coding agent's questions about usage and cost, on stdin and stdout (MCP). It only reads.

    Without a key the answers are those of a sandbox with an hour of real LLM traffic. It needs the extra mcp as well,
    and the extra sandbox for that. To Claude Code: claude mcp add openmonetize -- openmonetize mcp
    """
    mcp_server.require_sdk()
    if not sandbox and session.account.key is not None:
        mcp_server.serve(session.client(), f"the one of the key from {session.account.key_place}")
        return
    from openmonetize.client import OpenMonetize
    from openmonetize.sandbox import Sandbox

    with Sandbox(port=0) as demo:
        load_demo(demo)
        with closing(OpenMonetize(demo.key, demo.url)) as client:
            mcp_server.serve(client, "a sandbox with demo data: these figures are not yours")

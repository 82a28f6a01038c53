"""An MCP server that charges credits for its tools, and an agent that runs out of them. Needs mcp 2.x.

pip install 'openmonetize[mcp,sandbox]'
python examples/integrations/mcp_paid_tools.py
"""

import asyncio

from mcp import Client
from mcp.server.mcpserver import MCPServer

from openmonetize import OpenMonetize
from openmonetize.integrations.mcp import PaidTools
from openmonetize.sandbox import Sandbox

sandbox = Sandbox().start()  # your account: OpenMonetize() with OPENMONETIZE_API_KEY
om = OpenMonetize(sandbox.key, sandbox.url)
USER = "acme-ada-lovelace"  # over HTTP the access token says who it is: leave user_id out

paid = PaidTools(om, {"search": 5}, user_id=USER, billing_url="https://app.example.com")
server = MCPServer("research", middleware=[paid])


@server.tool()
def search(query: str) -> str:
    return f"3 papers about {query}"


async def main() -> None:
    async with Client(server) as agent:
        for _ in range(2):
            answer = await agent.call_tool("search", {"query": "metering"})
            print("failed:" if answer.is_error else "answer:", answer.content[0].text)


om.credits.grant(user_id=USER, amount=8)
asyncio.run(main())
om.flush()
print(f"{sandbox.billed(USER)} credits billed, {sandbox.balance(USER)} left")
om.close()
sandbox.stop()

"""A FastAPI application whose users pay for what they chat. Run it: it visits itself, and prints what was billed.

In your program, leave out the sandbox and the fake provider: `OpenMonetize()` and `AsyncOpenAI()` find their keys in
the environment.
"""

from collections.abc import AsyncIterator

import openai
from fastapi import Depends, FastAPI, Header
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient

from openmonetize import OpenMonetize
from openmonetize.integrations.fastapi import DENIED, install, require
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import FakeProviders

sandbox, fake = Sandbox().start(), FakeProviders().start()
om = OpenMonetize(sandbox.key, sandbox.url)
client = om.wrap(openai.AsyncOpenAI(base_url=fake.openai_url, api_key="unused"))
app = FastAPI()
install(app, om)


def current_user(x_user: str = Header()) -> str:
    return f"acme-{x_user}"  # your authentication


may_chat = Depends(require(om, "chat", user=current_user, on_outage="allow"))


@app.post("/chat", responses=DENIED, dependencies=[may_chat])
async def chat(question: str) -> StreamingResponse:
    async def answer() -> AsyncIterator[str]:
        stream = await client.chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": question}], stream=True
        )
        async for chunk in stream:
            if chunk.choices:
                yield chunk.choices[0].delta.content or ""

    return StreamingResponse(answer())


if __name__ == "__main__":
    om.credits.grant(user_id="acme-ada-lovelace", amount=1000)
    with TestClient(app) as visitor:
        print(visitor.post("/chat?question=How are you?", headers={"X-User": "ada-lovelace"}).text)
        denied = visitor.post("/chat?question=How are you?", headers={"X-User": "nobody"})
        print(denied.status_code, denied.json()["detail"])
    om.wait_billed()
    for event in sandbox.events():
        print(event["user_id"], event["feature_id"], event["model"], event["input_tokens"], event["output_tokens"])
    om.close()
    fake.stop()
    sandbox.stop()

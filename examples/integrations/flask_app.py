"""A Flask application whose users pay for what they chat. Run it: it visits itself, and prints what was billed.

In your program, leave out the sandbox and the fake provider: `OpenMonetize()` and `OpenAI()` find their keys in the
environment.
"""

from collections.abc import Iterator

import openai
from flask import Flask, Response, g, request, stream_with_context

from openmonetize import OpenMonetize
from openmonetize.integrations.flask import install, require
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import FakeProviders

sandbox, fake = Sandbox().start(), FakeProviders().start()
om = OpenMonetize(sandbox.key, sandbox.url)
client = om.wrap(openai.OpenAI(base_url=fake.openai_url, api_key="unused"))
app = Flask(__name__)
install(app, om, user_id=lambda: g.user)


@app.before_request
def authenticate() -> None:
    g.user = f"acme-{request.headers['X-User']}"  # your authentication


@app.post("/chat")
@require(om, "chat", on_outage="allow")
def chat() -> Response:
    def answer() -> Iterator[str]:
        stream = client.chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": request.args["question"]}], stream=True
        )
        for chunk in stream:
            if chunk.choices:
                yield chunk.choices[0].delta.content or ""

    return Response(stream_with_context(answer()))


if __name__ == "__main__":
    om.credits.grant(user_id="acme-ada-lovelace", amount=1000)
    visitor = app.test_client()
    print(visitor.post("/chat?question=How are you?", headers={"X-User": "ada-lovelace"}).text)
    denied = visitor.post("/chat?question=How are you?", headers={"X-User": "nobody"})
    print(denied.status_code, denied.json["detail"])
    om.wait_billed()
    for event in sandbox.events():
        print(event["user_id"], event["feature_id"], event["model"], event["input_tokens"], event["output_tokens"])
    om.close()
    fake.stop()
    sandbox.stop()

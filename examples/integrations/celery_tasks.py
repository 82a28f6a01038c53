"""Celery tasks whose usage is that of the user for whom they were sent. Run it: it starts a worker thread of its own,
and prints what was billed.

In your program, leave out the sandbox and the fake provider: `OpenMonetize()` and `OpenAI()` find their keys in the
environment.
"""

import openai
from celery import Celery
from celery.contrib.testing.worker import start_worker

from openmonetize import OpenMonetize
from openmonetize.integrations.celery import install
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import FakeProviders

sandbox, fake = Sandbox().start(), FakeProviders().start()
om = OpenMonetize(sandbox.key, sandbox.url)
client = om.wrap(openai.OpenAI(base_url=fake.openai_url, api_key="unused"))
app = Celery("reports", broker="memory://", backend="cache+memory://")
install(app, om)


@app.task
def summarize(text: str) -> str:
    answer = client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": f"Summarize: {text}"}]
    )
    return answer.choices[0].message.content or ""


if __name__ == "__main__":
    om.credits.grant(user_id="acme-ada-lovelace", amount=1000)
    with start_worker(app, pool="threads", perform_ping_check=False):
        with om.context(user_id="acme-ada-lovelace", feature_id="reports"):
            summary = summarize.delay("a long report")
        print(summary.get(timeout=30))
    om.wait_billed()
    for event in sandbox.events():
        print(event["user_id"], event["feature_id"], event["model"], event["input_tokens"], event["output_tokens"])
    om.close()
    fake.stop()
    sandbox.stop()

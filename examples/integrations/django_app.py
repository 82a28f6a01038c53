"""A Django project in one file whose users pay for what they chat. Run it: it visits itself, prints what was billed.

In your program, leave out the sandbox and the fake provider: `OpenMonetize()` and `OpenAI()` find their keys in the
environment.
"""

from collections.abc import Iterator

import django
import openai
from django.conf import settings
from django.http import HttpRequest, StreamingHttpResponse
from django.test import Client
from django.urls import path

from openmonetize import OpenMonetize
from openmonetize.integrations.django import require
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import FakeProviders

sandbox, fake = Sandbox().start(), FakeProviders().start()
om = OpenMonetize(sandbox.key, sandbox.url)
client = om.wrap(openai.OpenAI(base_url=fake.openai_url, api_key="unused"))


def user_id(request: HttpRequest) -> str:
    return f"acme-{request.headers['X-User']}"  # with Django's users: request.user.get_username()


settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    MIDDLEWARE=["openmonetize.integrations.django.UsageContext"],
    OPENMONETIZE={"client": om, "user_id": user_id},  # in a project: dotted paths, such as "shop.metering.om"
)


@require("chat", on_outage="allow")
def chat(request: HttpRequest) -> StreamingHttpResponse:
    def answer() -> Iterator[str]:
        stream = client.chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": request.GET["question"]}], stream=True
        )
        for chunk in stream:
            if chunk.choices:
                yield chunk.choices[0].delta.content or ""

    return StreamingHttpResponse(answer())


urlpatterns = [path("chat", chat)]

if __name__ == "__main__":
    django.setup()
    om.credits.grant(user_id="acme-ada-lovelace", amount=1000)
    visitor = Client()
    answer = visitor.get("/chat", {"question": "How are you?"}, HTTP_X_USER="ada-lovelace")
    print(answer.getvalue().decode())
    denied = visitor.get("/chat", {"question": "How are you?"}, HTTP_X_USER="nobody")
    print(denied.status_code, denied.json()["detail"])
    om.wait_billed()
    for event in sandbox.events():
        print(event["user_id"], event["feature_id"], event["model"], event["input_tokens"], event["output_tokens"])
    om.close()
    fake.stop()
    sandbox.stop()

# %% [markdown]
# # 2. Metering an LLM app
#
# An assistant on OpenAI's own library, metered from end to end: ask whether the user may, call the model, record what
# the call used, and see it in the user's wallet. Nothing leaves this machine: the library's fake provider answers in
# OpenAI's wire format, and the sandbox is the platform.
#
# ```bash
# pip install 'openmonetize[sandbox,notebook]' openai
# ```

# %%
from datetime import datetime, timezone

from openai import OpenAI

from openmonetize import OpenMonetize
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import Answer, Failure, FakeProviders

sandbox = Sandbox().start()
sandbox.set_time(datetime(2026, 11, 30, 18, tzinfo=timezone.utc))
fake = FakeProviders().start()
om = OpenMonetize(api_key=sandbox.key, base_url=sandbox.url)

# %% [markdown]
# What the model "says", in order: five answers, the fourth of them to a prompt that is mostly cached, then an outage. Your
# app has no such cell, and its client has the provider's own address.

# %%
fake.script = [
    Answer("Paris.", input_tokens=1_200, output_tokens=40),
    Answer("It was founded in the 3rd century BC.", input_tokens=5_400, output_tokens=900),
    Answer("Two million people.", input_tokens=6_300, output_tokens=300),
    Answer(
        "The Louvre, first of all.",
        input_tokens=24_000,
        output_tokens=2_500,
        cached_tokens=20_000,
        response_id="louvre",
    ),
    Answer("By train, in two hours.", input_tokens=9_000, output_tokens=700),
    Failure(503, "the model is overloaded"),
]

# %% [markdown]
# ## The app
#
# `om.wrap` returns a client that behaves as OpenAI's and records each call. Users and features come from `om.context`,
# once a request; the calls in it need no changes.

# %%
openai = om.wrap(OpenAI(base_url=fake.openai_url, api_key="unused", max_retries=0))


def said(text):
    """Return a text as OpenAI's library takes it."""
    return [{"role": "user", "content": text}]


def assistant(user, question, model="gpt-4o"):
    """Answer a question, if the user's wallet has enough for it."""
    with om.context(user_id=user, feature_id="assistant"):
        allowed = om.check(
            on_outage="allow",
            provider="OPENAI",
            model=model,
            input_tokens=5_000,
            output_tokens=1_000,
        )
        if not allowed:
            return f"(not asked: {allowed.reason})"
        answer = openai.chat.completions.create(model=model, messages=said(question))
        return answer.choices[0].message.content


# %%
om.credits.grant(user_id="acme_ada", amount=200)
om.credits.grant(user_id="acme_grace", amount=10)

for user, question in [
    ("acme_ada", "What is the capital of France?"),
    ("acme_ada", "How old is it?"),
    ("acme_ada", "How large is it?"),
    ("acme_grace", "How do I get there?"),
]:
    print(f"{user}: {assistant(user, question)}")

# %% [markdown]
# Grace has 10 credits; the expected cost is more, so the model was not called.
#
# ## A stream
#
# Streams are metered too: the wrapper asks OpenAI for the usage and hides the extra chunk that carries it.

# %%
with om.context(user_id="acme_ada", feature_id="guide"):
    stream = openai.chat.completions.create(
        model="gpt-4o", messages=said("What should I see?"), stream=True
    )
    print("".join(chunk.choices[0].delta.content or "" for chunk in stream))
    openai.chat.completions.create(model="gpt-4o-mini", messages=said("And how do I go?"))

# %% [markdown]
# ## A failure
#
# Errors of the provider pass through unchanged, and nothing is recorded.

# %%
try:
    assistant("acme_ada", "Are you there?")
except Exception as error:
    print(f"{type(error).__name__}: {error.status_code}")

# %% [markdown]
# ## What was metered
#
# The events as the platform has billed them, one for each answer.

# %%
billing = om.wait_billed()
print(f"{billing.billed} billed, {billing.waiting} waiting, {billing.missing} missing")
events = om.events.iter_list().to_dataframe().sort_values("input_tokens", ignore_index=True)
events[["feature_id", "model", "input_tokens", "output_tokens", "credits_burned", "cost_usd"]]

# %% [markdown]
# The provider's other counts are kept with the event. The platform bills cached tokens at the full price.

# %%
events["metadata"].iloc[-1]

# %% [markdown]
# ## Who used what
#
# By user, from the wallets' bookings:

# %%
by_user = om.usage_by_user(
    start_date="2026-11-30", end_date="2026-11-30", users=["acme_ada", "acme_grace"]
)
by_user[["user_id", "credits_burned", "burns", "credits_added", "balance"]]

# %%
ax = om.credits.iter_transactions("acme_ada").plot()

# %% [markdown]
# What the library itself has to say: nothing waits, nothing was lost.

# %%
om.stats()

# %%
result = om.close()
fake.stop()
sandbox.stop()

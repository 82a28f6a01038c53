# %% [markdown]
# # 1. Quick start
#
# OpenMonetize meters what your users consume, turns it into credits, and takes these from the users' wallets. This
# notebook records a month of usage of two users and looks at it. It needs no account: the sandbox is the platform's API,
# served by this notebook itself.
#
# ```bash
# pip install 'openmonetize[sandbox,notebook]'
# ```

# %%
from datetime import datetime, timedelta, timezone

from openmonetize import OpenMonetize
from openmonetize.sandbox import Sandbox

sandbox = Sandbox().start()
sandbox.set_time(datetime(2026, 11, 30, 18, tzinfo=timezone.utc))
om = OpenMonetize(api_key=sandbox.key, base_url=sandbox.url)

# %% [markdown]
# The sandbox's clock is set only so that this page looks the same whenever it runs. With an account, `OpenMonetize()`
# alone is enough: it reads the key from `OPENMONETIZE_API_KEY`.
#
# ## Grant credits
#
# A user's usage is paid from that user's own wallet. A thousand credits are one US dollar. User ids are shared by all
# customers of the platform, so give yours a prefix.

# %%
for user in ("acme_ada", "acme_grace"):
    om.credits.grant(user_id=user, amount=3_000)

# %% [markdown]
# ## Record usage
#
# `track_token_usage` returns at once; events are sent in the background. An event counts as of now, unless it has a
# timestamp. Here are 30 days, with less to do at weekends.

# %%
first_day = datetime(2026, 11, 1, 9, tzinfo=timezone.utc)
for number in range(30):
    day = first_day + timedelta(days=number)
    busy = 1 if day.weekday() >= 5 else 4
    om.track_token_usage(
        user_id="acme_ada",
        feature_id="chat",
        provider="OPENAI",
        model="gpt-4o",
        input_tokens=3_000 * busy,
        output_tokens=800 * busy + 40 * number,
        timestamp=day,
    )
    om.track_token_usage(
        user_id="acme_grace",
        feature_id="summaries",
        provider="ANTHROPIC",
        model="claude-4.5-sonnet",
        input_tokens=2_000 * busy,
        output_tokens=500,
        timestamp=day,
    )

# %% [markdown]
# The platform accepts usage first and bills it a moment later. `wait_billed` waits for both, and says what it saw.

# %%
om.wait_billed()

# %% [markdown]
# ## Look at it
#
# Each answer is a table at the end of a cell. Dates are days in UTC; a range may also be `last="30d"`.

# %%
usage = om.analytics.usage(start_date="2026-11-01", end_date="2026-11-30")
usage

# %% [markdown]
# Most answers have a plot, and all become data frames.

# %%
ax = usage.plot()

# %%
usage.to_dataframe("by_feature")

# %% [markdown]
# The wallet of a user, and its newest bookings:

# %%
om.credits.user_balance("acme_ada")

# %%
om.credits.transactions("acme_ada", limit=5)

# %% [markdown]
# ## Ask before something expensive
#
# `check` says whether a user may do something. `on_outage` is the answer for when the platform cannot be asked.

# %%
answer = om.check(
    user_id="acme_ada",
    feature_id="chat",
    provider="OPENAI",
    model="gpt-4o",
    input_tokens=100_000,
    output_tokens=200_000,
    on_outage="allow",
)
print(f"allowed: {answer.allowed}, {answer.reason}")
print(f"it would cost {answer.estimated_credits:,} credits of {answer.balance:,}")

# %% [markdown]
# Next: [metering an LLM app](2_llm_app.ipynb), end to end.

# %%
result = om.close()
sandbox.stop()

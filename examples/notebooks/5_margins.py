# %% [markdown]
# # 5. Margins
#
# What a customer costs and what a customer pays: the provider's cost of the tokens, the credits that were burned, and a
# subscription on top. Three customers with the same product and very different habits.

# %%
import random
from datetime import datetime, timedelta, timezone

import pandas as pd

from openmonetize import OpenMonetize
from openmonetize.sandbox import Sandbox

sandbox = Sandbox().start()
sandbox.set_time(datetime(2026, 11, 30, 18, tzinfo=timezone.utc))
om = OpenMonetize(api_key=sandbox.key, base_url=sandbox.url)

# %% [markdown]
# ## A month of usage
#
# Ada asks many short questions of a small model, Grace has a few long documents summed up, and Bob lets an agent write
# code all day. The platform's reports are not by user, so the user is kept in the metadata of each event as well.

# %%
dice = random.Random(5)
CUSTOMERS = {
    # calls, feature, provider, model, most input and output tokens
    "acme_ada": (640, "chat", "OPENAI", "gpt-4o-mini", 1_500, 400),
    "acme_grace": (60, "summaries", "OPENAI", "gpt-4o", 60_000, 1_500),
    "acme_bob": (240, "agent", "ANTHROPIC", "claude-4.5-sonnet", 30_000, 2_000),
}
month = datetime(2026, 11, 1, tzinfo=timezone.utc)
for user, (calls, feature, provider, model, most_input, most_output) in CUSTOMERS.items():
    om.credits.grant(user_id=user, amount=25_000)
    for _ in range(calls):
        om.track_token_usage(
            user_id=user,
            feature_id=feature,
            provider=provider,
            model=model,
            input_tokens=dice.randint(most_input // 4, most_input),
            output_tokens=dice.randint(most_output // 4, most_output),
            timestamp=month + timedelta(minutes=dice.randrange(29 * 24 * 60)),
            metadata={"user": user},
        )
billing = om.wait_billed()
print(f"{billing.billed:,} events are billed")

# %% [markdown]
# ## The platform's report
#
# By model, in US dollars. Revenue is the credits that were burned, at a thousand for a dollar.

# %%
costs = om.analytics.costs(start_date="2026-11-01", end_date="2026-11-30")
costs

# %%
ax = costs.plot()

# %% [markdown]
# The large models hardly leave a margin, and the small one a large one. An event is billed in whole credits, rounded up:
# a call of a small model costs a fraction of a credit and pays a whole one.
#
# ## By customer
#
# What each paid, from the wallets' bookings:

# %%
paid = om.usage_by_user(start_date="2026-11-01", end_date="2026-11-30", users=list(CUSTOMERS))
paid[["user_id", "burns", "credits_burned", "balance"]]

# %% [markdown]
# And what each cost, from the events. `money="decimal"` keeps the amounts exact.

# %%
events = om.events.iter_list().to_dataframe(money="decimal")
events["user_id"] = [metadata["user"] for metadata in events["metadata"]]
margins = events.groupby("user_id").agg(
    calls=("id", "count"), cost_usd=("cost_usd", "sum"), credits=("credits_burned", "sum")
)
margins["pays_usd"] = margins["credits"].astype(float) / 1000
margins["cost_usd"] = margins["cost_usd"].astype(float)
margins["margin_usd"] = margins["pays_usd"] - margins["cost_usd"]
margins["margin"] = (100 * margins["margin_usd"] / margins["pays_usd"]).map("{:.1f} %".format)
margins.round(2)

# %% [markdown]
# ## A flat price instead
#
# Suppose that each pays 15 dollars a month, whatever they use.

# %%
flat = pd.DataFrame(
    {"cost": margins["cost_usd"], "credits": margins["pays_usd"], "flat price": 15.0}
)
ax = flat.plot.barh(
    figsize=(6, 3.6),
    color=["#E69F00", "#0072B2", "#009E73"],
    xlabel="US dollars",
    ylabel="",
    xlim=(0, 25),  # with room for the legend
)
ax.invert_yaxis()
ax.set_title("What a customer costs and pays, November 2026", loc="left", fontsize=11)
ax.grid(axis="x", alpha=0.3)
ax.set_axisbelow(True)

# %%
left = flat["flat price"] - flat["cost"]
print(left.round(2).to_string())
print(f"together {left.sum():.2f} US dollars")

# %%
result = om.close()
sandbox.stop()

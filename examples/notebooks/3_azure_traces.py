# %% [markdown]
# # 3. An hour of real traffic
#
# The Azure LLM inference traces: 28,185 requests of a chat service and a coding service on 16 November 2023, with the
# tokens that each read and wrote. What would that hour cost, by workload and minute, and how long do credits last?
# (Data: Azure Public Dataset, CC BY 4.0; Patel et al., "Splitwise", ISCA 2024.)
#
# `openmonetize sandbox --demo` starts a sandbox that has this hour already.

# %%
from datetime import datetime, timezone

import pandas as pd

from openmonetize import OpenMonetize
from openmonetize.pricing import CREDITS_PER_USD, TEXT_BOOK
from openmonetize.sandbox import Sandbox

sandbox = Sandbox().start()
sandbox.set_time(datetime(2026, 11, 30, 18, tzinfo=timezone.utc))
om = OpenMonetize(api_key=sandbox.key, base_url=sandbox.url)

# %% [markdown]
# ## Assumptions
#
# The traces name no model, so here is one for each workload. The prices are the platform's own, in US dollars for a
# million tokens.

# %%
WORKLOADS = {
    "chat": ("conv", "OPENAI", "gpt-4o"),
    "code": ("code", "ANTHROPIC", "claude-4.5-sonnet"),
}
assumptions = pd.DataFrame(
    [
        {"workload": workload, "model": model, **TEXT_BOOK.text_rates(provider, model)._asdict()}
        for workload, (_, provider, model) in WORKLOADS.items()
    ]
)
assumptions[["workload", "model", "usd_in", "usd_out"]]

# %% [markdown]
# ## Load the traces
#
# `ingest_files` knows the columns of these files. Each workload is a user with a wallet of its own. A row is billed once,
# however often this cell runs.

# %%
for workload, (name, provider, model) in WORKLOADS.items():
    om.credits.grant(
        user_id=f"acme_{workload}", amount=400_000, idempotency_key=f"azure {workload}"
    )
    report = om.ingest_files(
        f"../data/AzureLLMInferenceTrace_{name}.csv.gz",
        preset="azure-llm-trace",
        constants={
            "user_id": f"acme_{workload}",
            "feature_id": workload,
            "provider": provider,
            "model": model,
        },
    )
    print(report, end="\n\n")

# %%
usage = om.analytics.usage(start_date="2023-11-16", end_date="2023-11-16")
usage

# %% [markdown]
# Code has a third of the requests and reads nearly twice as much in each; chat writes nearly all of the output.
#
# ## By hour and workload
#
# The platform's reports are by day; for hours and minutes, take the events themselves. Here are all of them, page by
# page, as one frame. (The hour is one from 18:15 to 19:15.)

# %%
events = om.events.iter_list().to_dataframe()
events["hour"] = events["timestamp"].dt.floor("h")
by_hour = events.groupby(["hour", "feature_id"]).agg(
    requests=("id", "count"),
    input_tokens=("input_tokens", "sum"),
    output_tokens=("output_tokens", "sum"),
    credits=("credits_burned", "sum"),
    cost_usd=("cost_usd", "sum"),
)
by_hour.round(2)

# %%
minute = events["timestamp"].dt.floor("min")
minutes = events.groupby([minute, "feature_id"])["cost_usd"].sum().unstack(fill_value=0.0)
minutes = minutes.asfreq("min", fill_value=0.0)
ax = minutes.plot(
    figsize=(6, 3.6),
    color=["#0072B2", "#E69F00"],
    xlabel="time (UTC)",
    ylabel="US dollars a minute",
    ylim=(0, None),
)
ax.set_title("Provider cost by minute", loc="left", fontsize=11)
ax.legend(title=None)
ax.grid(alpha=0.3)

# %% [markdown]
# Coding requests come in bursts, with minutes without any between them; chat is steadier, and has its
# peak before 18:45.
#
# ## Cost and revenue
#
# A thousand credits are a dollar, and each event is billed in whole credits, rounded up: that is the margin.

# %%
costs = om.analytics.costs(start_date="2023-11-16", end_date="2023-11-16")
ax = costs.plot()

# %%
costs.to_dataframe(money="decimal")

# %% [markdown]
# ## Forecast
#
# The platform's burn rate looks at bookings of the last 7 and 30 days, in which there was one such hour. At that pace,
# chat's wallet lasts so long:

# %%
ax = om.analytics.burn_rate(user_id="acme_chat").plot()

# %% [markdown]
# A service is not used for one hour a week. If a day has one, eight or 24 hours like this one, with the wallets as they
# are now:

# %%
credits = events.groupby("feature_id")["credits_burned"].sum()
rows = []
for workload in WORKLOADS:
    balance = om.credits.user_balance(f"acme_{workload}").data.balance
    for hours in (1, 8, 24):
        a_day = int(credits[workload]) * hours
        rows.append((workload, hours, a_day, round(30 * a_day / CREDITS_PER_USD), balance / a_day))
forecast = pd.DataFrame(
    rows, columns=["workload", "hours a day", "credits a day", "USD in 30 days", "days left"]
)
forecast.round({"days left": 1})

# %%
result = om.close()
sandbox.stop()

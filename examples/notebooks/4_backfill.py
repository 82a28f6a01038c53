# %% [markdown]
# # 4. Backfill from files
#
# A gateway has logged calls for a year, and now they are to be billed: by user, each call once, whatever happens on the
# way. This notebook looks at the log before anything is sent, loads it, kills the load half-way, goes on, and mends the
# rows that were refused.

# %%
import csv
import logging
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pandas as pd

from openmonetize import OpenMonetize
from openmonetize.sandbox import Sandbox

os.chdir(tempfile.mkdtemp())
sandbox = Sandbox().start()
sandbox.set_time(datetime(2026, 11, 30, 18, tzinfo=timezone.utc))
om = OpenMonetize(api_key=sandbox.key, base_url=sandbox.url)

# %% [markdown]
# ## The log
#
# An export of LiteLLM's spend logs, made up here: 8,000 calls of three users. A few lines are broken, as some always
# are.

# %%
dice = random.Random(7)
COLUMNS = "request_id startTime custom_llm_provider model prompt_tokens completion_tokens end_user"
CALLS = [("ada", "gpt-4o"), ("ada", "gpt-4o-mini"), ("grace", "gpt-4o"), ("bob", "gpt-4o")]
with open("spend.csv", "w", newline="") as file:
    log = csv.writer(file)
    log.writerow(COLUMNS.split())
    moment = datetime(2025, 12, 1, tzinfo=timezone.utc)
    for number in range(8_000):
        moment += timedelta(seconds=dice.randrange(7_800))
        user, model = dice.choice(CALLS)
        prompt = "n/a" if number % 2_500 == 1_234 else dice.randrange(200, 6_000)
        answer = dice.randrange(50, 900)
        log.writerow(
            [f"req-{number}", f"{moment:%Y-%m-%d %H:%M:%S}", "openai", model, prompt, answer, user]
        )

pd.read_csv("spend.csv", dtype=str).head(3)

# %% [markdown]
# ## A dry run
#
# Nothing is sent. The report says what would be, what is refused and why, what it burns, and who would pay.

# %%
for user in ("acme_ada", "acme_grace"):
    om.credits.grant(user_id=user, amount=100_000)

mapping = {"preset": "litellm-spend-logs", "constants": {"user_id": "acme_{end_user}"}}
plan = om.ingest_files("spend.csv", dry_run=True, **mapping)
print(plan)

# %% [markdown]
# One user has no wallet: usage without one is stored and never billed. Grant first, load then.

# %%
om.credits.grant(user_id="acme_bob", amount=100_000)
plan = om.ingest_files("spend.csv", dry_run=True, **mapping)
print(f"{plan.wallets.missing} of {plan.wallets.users} users have no wallet")

# %% [markdown]
# ## Killed half-way
#
# The load runs as a command in a process of its own, which is killed as soon as the platform has some of the events. The
# sandbox is told to answer late, so that there is time to do so.

# %%
sandbox.fail_next("slow=0.5s", times=6)
os.environ.update(OPENMONETIZE_API_KEY=sandbox.key, OPENMONETIZE_BASE_URL=sandbox.url)
command = (
    "-m openmonetize ingest spend.csv --preset litellm-spend-logs"
    " --set user_id=acme_{end_user} --checkpoint spend.sent"
)
load = subprocess.Popen([sys.executable, *command.split()], stderr=subprocess.DEVNULL)
until = time.monotonic() + 30
while len(sandbox.events()) < 2_000 and time.monotonic() < until:
    time.sleep(0.05)
load.kill()
code = load.wait()
print("some, but not all, are there:", 0 < len(sandbox.events()) < plan.sent)

# %% [markdown]
# ## And on
#
# The same call again. The checkpoint has what was sent and answered; what was sent and not answered, the platform has
# under the same ids. So the three numbers add up, and nothing is billed twice.

# %%
report = om.ingest_files("spend.csv", checkpoint="spend.sent", rejected="refused.csv", **mapping)
print("all are there:", report.already_sent + report.duplicates + report.sent == plan.sent)

billed = om.analytics.usage(start_date="2025-12-01", end_date="2026-11-30")
summary = billed.data.summary
print(f"{summary.total_events:,} events, {summary.total_credits_burned:,} credits")
print(f"planned: {plan.sent:,} events, {plan.credits:,} credits")

# %% [markdown]
# And once more, without the checkpoint:

# %%
again = om.ingest_files("spend.csv", **mapping)
print(f"{again.sent} new, {again.duplicates:,} duplicates")

# %% [markdown]
# ## Refused rows
#
# They are in a file of their own, in the form of the log and with the reason.

# %%
refused = pd.read_csv("refused.csv", keep_default_na=False)
pd.set_option("display.max_colwidth", None)
refused[["request_id", "prompt_tokens", "end_user", "openmonetize_error"]]

# %% [markdown]
# Mend them there and give the file as before. The column `openmonetize_row_id` stays as it is.

# %%
Path("refused.csv").write_text(Path("refused.csv").read_text().replace(",n/a,", ",1500,"))
print(om.ingest_files("refused.csv", **mapping))

# %% [markdown]
# ## The year

# %%
trends = om.analytics.usage_trends(start_date="2025-12-01", end_date="2026-11-30", group_by="month")
ax = trends.plot()

# %%
users = ["acme_ada", "acme_grace", "acme_bob"]
by_user = om.usage_by_user(start_date="2026-11-01", end_date="2026-11-30", users=users)
by_user[["user_id", "credits_burned", "burns", "balance"]]

# %% [markdown]
# A booking has the time of the billing, not that of the event: by user, the whole year was burned today.

# %% [markdown]
# ## What verify finds
#
# Files can be loaded again. What an application records as it goes cannot, so it is kept until it is seen to be billed.
# Here the platform accepts two events and loses them, and stores one with 0 credits. The log says so within seconds; it
# is left out here.

# %%
logging.getLogger("openmonetize").addHandler(logging.NullHandler())
live = OpenMonetize(sandbox.key, sandbox.url, outbox="live-outbox", verify="report")
for number, fault in enumerate(["", "accept-and-lose", "accept-nothing", "bill-zero", ""]):
    if fault:
        sandbox.fail_next(fault)
    live.track_custom_event(
        unit_type="page", quantity=number + 1, user_id="acme_ada", feature_id="ocr"
    )
    live.flush()
    print(f"{fault or 'nothing':<15} goes wrong: accepted so far:", live.stats().accepted)

# %%
report = live.verify()
print(f"of {report.accepted} accepted events, {report.billed} are billed, {report.lost} are lost")
pd.DataFrame(
    [(each.kind, each.event["quantity"], each.user_id) for each in report.findings],
    columns=["kind", "pages", "user_id"],
)

# %% [markdown]
# What is lost can be sent again under its ids. What is stored with 0 credits cannot: its id is taken. It stays named.

# %%
report = live.verify(repair=True)
print(f"of {report.accepted} accepted events, {report.billed} are billed, {report.lost} are lost")
print("repaired:", report.repaired, "unpaid:", report.unpaid)

# %%
result = live.close(), om.close()
sandbox.stop()

"""The commands that read: tables for people, JSON and CSV for programs."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest

from openmonetize import OpenMonetize
from openmonetize.sandbox import Sandbox

from .conftest import EVIL, KEY, Run

pytestmark = pytest.mark.slow  # a process for each command


def as_json(run: Run, *arguments: str) -> Any:
    done = run(*arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def as_csv(run: Run, *arguments: str) -> list[dict[str, str]]:
    done = run(*arguments, "--csv")
    assert (done.returncode, done.stderr) == (0, "")
    return list(csv.DictReader(io.StringIO(done.stdout)))


def test_balance_is_of_the_customer_or_of_a_user(om: Run) -> None:
    assert as_json(om, "balance", "--user", "acme_ada") == {
        "user_id": "acme_ada",
        "balance": 760,
        "reserved": 0,
        "available": 760,
        "expires_at": None,
    }
    assert as_csv(om, "balance")[0]["balance"] == "10000"
    assert "10,000" in om("balance").stdout


def test_usage_adds_up_however_it_is_grouped(om: Run) -> None:
    for grouping, key in (("day", "date"), ("model", "model"), ("feature", "feature_id"), ("type", "event_type")):
        rows = as_json(om, "usage", "--by", grouping)
        assert sum(row["events"] for row in rows) == 46
        assert all(row[key] for row in rows)
    assert {row["feature_id"] for row in as_csv(om, "usage", "--by", "feature")} == {"chat", "code", EVIL}
    assert as_json(om, "usage", "--model", "gpt-4o-mini")[0]["events"] == 5


def test_a_range_is_read_as_days_in_utc_and_said(om: Run) -> None:
    shown = om("usage", "--from", "2026-11-01", "--to", "2026-11-02").stdout
    assert "2026-11-01 00:00 to 2026-11-02 23:59 UTC" in shown
    assert as_json(om, "usage", "--from", "2000-01-01", "--to", "2000-01-31") == []
    assert len(as_json(om, "usage", "--last", "1d")) in (1, 2)  # midnight may be between


def test_costs_are_exact(om: Run) -> None:
    rows = as_csv(om, "costs")
    assert [row["provider_cost_usd"] for row in rows if row["model"] == "gpt-4o"] == ["0.2200"]
    assert "margin" in om("costs").stdout


def test_burn_rate_and_forecast(om: Run) -> None:
    assert as_json(om, "burn-rate", "--user", "acme_ada")["burned_7_days"] == 240
    days = as_json(om, "forecast", "--days", "3")
    assert len(days) == 3
    assert days[0]["balance"] == 10_000 - days[0]["cumulative_burn"]


def test_lists_are_cut_at_their_limit_and_say_so(om: Run) -> None:
    shown = om("events", "--limit", "3")
    assert shown.stdout.rstrip().endswith("3 of 46; --limit N or --all shows more")
    assert len(as_json(om, "events", "--limit", "3")) == 3
    assert len(as_csv(om, "events", "--all")) == 46
    bookings = as_json(om, "transactions", "--user", "acme_ada", "--all")
    assert [bookings[-1]["transaction_type"], len(bookings)] == ["GRANT", 41]
    assert {row["user_id"] for row in as_json(om, "users")} >= {"acme_ada", "acme_grace", "acme_nobody"}
    assert [row["user_id"] for row in as_json(om, "users", "--search", "grace")] == ["acme_grace"]


def test_events_are_filtered(om: Run) -> None:
    assert len(as_json(om, "events", "--feature", "code", "--all")) == 5
    assert len(as_json(om, "events", "--model", "gpt-9-odd")) == 1
    assert as_json(om, "events", "--to", "2001-01-01") == []
    assert as_json(om, "events", "--from", "2999-01-01") == []


def test_pricing_me_and_estimate(om: Run, platform: Sandbox) -> None:
    assert [row["unit"] for row in as_json(om, "pricing", "gpt-4o-mini")] == ["input_token", "output_token"]
    assert "no model" in om("pricing", "gpt-99").stdout
    assert as_json(om, "me")["base_url"] == platform.url
    use = ("estimate", "--provider", "openai", "--model", "gpt-4o", "--input-tokens", "1000", "--output-tokens", "500")
    assert as_json(om, *use)["credits"] == 8
    without_key = om(*use, "--json", OPENMONETIZE_API_KEY=None, OPENMONETIZE_BASE_URL=None)
    assert json.loads(without_key.stdout)["credits"] == 8


def test_the_exit_code_of_a_check_is_its_answer(om: Run) -> None:
    yes = om("check", "--user", "acme_ada", "--feature", "chat", "--json")
    assert (yes.returncode, json.loads(yes.stdout)["allowed"]) == (0, True)
    assert json.loads(yes.stdout)["balance"] == 760
    no = om("check", "--user", "acme_nobody", "--feature", "chat", "--json")
    assert (no.returncode, json.loads(no.stdout)["allowed"]) == (1, False)
    assert "remedy: Create Credit Wallet" in om("check", "--user", "acme_nobody", "--feature", "chat").stdout


def test_a_check_that_fails_is_no_answer(om: Run) -> None:
    ask = ("check", "--user", "acme_ada", "--feature", "chat")
    for arguments, code in ((["--base-url", "http://127.0.0.1:9"], 7), (["--unsafe-api-key", "om_live_wrong_4712"], 3)):
        done = om(*ask, *arguments)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1)


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_table_fits_and_never_cuts_a_number(om: Run, columns: int) -> None:
    shown = om("events", "--limit", "5", columns=columns).stdout
    lines = shown.splitlines()
    assert max(map(len, lines)) <= max(columns, 70)
    assert all(re.match(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d ", line) for line in lines[2:7])
    assert all("1,000" in line and "300" in line for line in lines[2:7])
    assert ("cost USD" in lines[0]) == (columns == 120)


def test_what_others_have_written_cannot_steer_the_terminal(om: Run) -> None:
    for arguments in (["events"], ["usage", "--by", "feature"], ["usage", "--by", "feature", "--plot"]):
        shown = om(*arguments).stdout
        assert "\x1b" not in shown
        assert "\\x1b[31m[red]" in shown


def test_there_are_no_colours_where_nobody_sees_them(om: Run) -> None:
    for environment in ({}, {"NO_COLOR": "1"}):
        assert "\x1b" not in om("users", **environment).stdout + om("doctor", **environment).stdout


def test_a_terminal_without_unicode_shows_what_it_can(om: Run, platform: Sandbox) -> None:
    with OpenMonetize(KEY, platform.url) as client:
        client.credits.grant(user_id="acme_ångström", amount=1)
    done = om("users", PYTHONIOENCODING="ascii", columns=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "acme_\\xe5ngstr" in done.stdout


def test_plots_are_bars_in_proportion(om: Run) -> None:
    lines = om("usage", "--by", "feature", "--plot").stdout.splitlines()
    assert lines[0] == "credits by feature"
    bars = {line.split()[0]: line.count("█") for line in lines[1:4]}
    assert bars["chat"] > 20 > bars["code"]
    plain = om("usage", "--by", "feature", "--plot", PYTHONIOENCODING="ascii").stdout
    assert "####" in plain


def test_an_estimate_says_that_a_model_has_no_price(om: Run) -> None:
    for model, told in (("gpt-4o", False), ("gpt-9-odd", True)):
        shown = om("estimate", "--provider", "openai", "--model", model, "--input-tokens", "1000").stdout
        assert ("no price for this model" in shown) is told


def test_every_reading_command_has_json_and_csv(om: Run) -> None:
    for command in ("balance", "burn-rate", "costs", "events", "forecast", "me", "pricing", "usage", "users"):
        shown = om(command, "--help").stdout
        assert "--json" in shown
        assert "--csv" in shown

"""Billed usage as FOCUS: its columns, and sums that are those of the platform's reports."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from openmonetize import OpenMonetize
from openmonetize.files.focus import COLUMNS
from openmonetize.sandbox import Sandbox

from .conftest import KEY, Run

# The columns of the Cost and Usage dataset whose feature level is "Mandatory" in FOCUS 1.3, and may (True) or may not
# be null: https://focus.finops.org/focus-specification/v1-3/.
MANDATORY = {
    "BilledCost": False,
    "BillingAccountId": False,
    "BillingAccountName": True,
    "BillingCurrency": False,
    "BillingPeriodEnd": False,
    "BillingPeriodStart": False,
    "ChargeCategory": False,
    "ChargeClass": True,
    "ChargeDescription": True,
    "ChargePeriodEnd": False,
    "ChargePeriodStart": False,
    "ContractedCost": False,
    "EffectiveCost": False,
    "HostProviderName": False,
    "InvoiceIssuerName": False,
    "ListCost": False,
    "PricingQuantity": True,
    "PricingUnit": True,
    "ProviderName": False,
    "PublisherName": False,
    "ServiceCategory": False,
    "ServiceName": False,
    "ServiceProviderName": False,
}
DAYS = 3


@pytest.fixture(scope="module")
def platform() -> Iterator[Sandbox]:
    """Yield a sandbox with three days of usage: of two models, and of units that have no model."""
    now = datetime.now(timezone.utc)
    with Sandbox(key=KEY) as sandbox:
        client = OpenMonetize(KEY, sandbox.url)
        client.credits.grant(user_id="acme_ada", amount=100_000)
        who: dict[str, Any] = {"user_id": "acme_ada", "feature_id": "chat"}
        for day in range(DAYS):
            at = {"timestamp": now - timedelta(days=day + 1), **who}
            for tokens in (1, 1234, 70_001):
                used: dict[str, Any] = {"input_tokens": tokens, "output_tokens": 333}
                client.track_token_usage(provider="openai", model="gpt-4o", **used, **at)
                client.track_token_usage(provider="anthropic", model="claude-sonnet-4-5", **used, **at)
            client.track_custom_event(unit_type="page", quantity=3, **at)
        assert client.flush()
        client.close()
        yield sandbox


def exported(run: Run, *arguments: str) -> list[dict[str, str]]:
    done = run("export", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return list(csv.DictReader(io.StringIO(done.stdout)))


def test_the_columns_are_those_that_focus_demands(om: Run) -> None:
    rows = exported(om, "--format", "focus")
    assert list(rows[0]) == list(COLUMNS)
    assert set(MANDATORY) < set(COLUMNS)
    assert len(rows) == 3 * DAYS
    for row in rows:
        assert all(row[name] for name, nullable in MANDATORY.items() if not nullable)
        assert (row["ChargeCategory"], row["BillingCurrency"], row["PricingCurrency"]) == ("Usage", "USD", "Credits")
        times = [row[f"{period}Period{end}"] for end in ("Start", "End") for period in ("Billing", "Charge")]
        parsed = [datetime.fromisoformat(text.replace("Z", "+00:00")) for text in times]
        assert parsed[0] <= parsed[1] < parsed[3] <= parsed[2]
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text) for text in times)
        assert Decimal(row["PricingQuantity"]) * Decimal(row["ListUnitPrice"]) == Decimal(row["ListCost"])


def test_the_sums_are_those_of_the_reports(om: Run, platform: Sandbox) -> None:
    rows = exported(om, "--last", "7d")
    with OpenMonetize(KEY, platform.url) as client:
        usage: Any = client.analytics.usage(last="7d").data
        costs: Any = client.analytics.costs(last="7d").data

    def total(column: str, model: str | None = None) -> Decimal:
        chosen = [row for row in rows if model in (None, row["x_Model"])]
        return sum((Decimal(row[column] or 0) for row in chosen), Decimal(0))

    assert total("x_Events") == usage.summary.total_events == 7 * DAYS
    assert total("PricingCurrencyEffectiveCost") == usage.summary.total_credits_burned
    assert total("BilledCost") == total("EffectiveCost") == costs.summary.total_revenue
    assert total("x_InputTokens") == usage.summary.total_input_tokens
    assert total("x_OutputTokens") == usage.summary.total_output_tokens
    for item in costs.by_provider:
        assert total("BilledCost", item.model) == item.revenue
    # The platform rounds costs to four decimals: here by day and model, there all together.
    assert abs(total("x_ProviderCost") - costs.summary.total_provider_cost) <= len(rows) * Decimal("0.00005")
    assert {row["PublisherName"] for row in rows} == {"OPENAI", "ANTHROPIC", "OpenMonetize"}


def test_a_range_within_a_day_is_a_charge_period(om: Run) -> None:
    day = datetime.now(timezone.utc).date() - timedelta(days=2)
    (whole,) = {row["ChargePeriodStart"] for row in exported(om, "--from", str(day), "--to", str(day))}
    assert whole == f"{day}T00:00:00Z"
    assert exported(om, "--from", "2000-01-01", "--to", "2000-01-31") == []


def test_a_file_is_written_once_and_opens_in_pandas(om: Run, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    path = tmp_path / "focus.csv"
    assert om("export", "--output", str(path)).returncode == 0
    frame = pandas.read_csv(path, parse_dates=["ChargePeriodStart", "ChargePeriodEnd"])
    assert len(frame) == 3 * DAYS
    assert str(frame["ChargePeriodStart"].dtype).startswith("datetime64")
    assert frame["BilledCost"].sum() > 0
    again = om("export", "--output", str(path))
    assert again.returncode == 2
    assert "is not overwritten" in again.stderr


def test_a_wrong_key_leaves_no_file(om: Run, tmp_path: Path) -> None:
    done = om("export", "--output", str(tmp_path / "focus.csv"), OPENMONETIZE_API_KEY="om_live_wrong")
    assert done.returncode != 0
    assert not (tmp_path / "focus.csv").exists()


def test_a_file_that_is_there_is_kept_and_nothing_is_asked_for_it(om: Run, tmp_path: Path) -> None:
    (tmp_path / "focus.csv").write_text("mine")
    done = om("export", "--output", str(tmp_path / "focus.csv"), "--base-url", "http://127.0.0.1:9")
    assert (done.returncode, done.stdout) == (2, "")
    assert "exists, and is not overwritten (name a new file)" in done.stderr
    assert (tmp_path / "focus.csv").read_text() == "mine"

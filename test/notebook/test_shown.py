"""Answers as text and as HTML."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from html.parser import HTMLParser
from typing import Any

import pytest

from openmonetize import (
    Balance,
    BurnRate,
    CostReport,
    OpenMonetize,
    RotatedKey,
    Transaction,
    UsageReport,
    V1AnalyticsUsageGet200Response,
    V1CustomersCustomerIdUsersUserIdTransactionsGet200Response as Transactions,
)
from openmonetize._schema.shown import asked_range

from .conftest import EVENTS, SCRIPT, USERS

MAX_LINE = 130


class _Tags(HTMLParser):
    """Notes the tags and the texts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def parsed(shown: Any) -> _Tags:
    page = _Tags()
    page.feed(shown._repr_html_())
    page.close()
    return page


def test_a_page_is_its_counts_and_its_first_rows(om: OpenMonetize) -> None:
    lines = repr(om.events.list(limit=20, offset=10)).splitlines()
    assert lines[0] == f"<20 StoredEvent rows, 11 to 30 of {EVENTS}>"
    assert lines[1].startswith("timestamp")
    assert lines[-1].startswith("... 15 more rows")
    assert len(lines) == 8
    assert max(map(len, lines)) < MAX_LINE


def test_an_empty_page_says_so(om: OpenMonetize) -> None:
    page = om.credits.transactions("acme_nobody")
    assert repr(page) == "<0 Transaction rows, 0 in all>"
    assert "0 Transaction rows, 0 in all" in page._repr_html_()


def test_an_answer_shows_its_parts_briefly(om: OpenMonetize) -> None:
    text = repr(om.analytics.usage(last="7d"))
    assert text.startswith("Answer(data=UsageReport(summary=UsageSummary(total_events=")
    assert " DailyUsage]" in text
    assert len(text) < 900
    assert str(om.analytics.usage().data) == repr(om.analytics.usage().data)


def test_names_and_values_are_those_that_people_know() -> None:
    row = UsageReport.from_dict({"timeline": [{"date": "2026-11-01", "events": 3, "creditsBurned": "12"}]})
    assert repr(row) == "UsageReport(timeline=[DailyUsage(date=2026-11-01, events=3, credits_burned=12)])"
    assert repr(Balance.from_dict({"balance": "5", "new": 1})) == "Balance(balance=5, new=1)"


def test_text_that_is_long_is_cut_and_kept_in_the_answer() -> None:
    row = Transaction.from_dict({"id": "t", "description": "d" * 1000})
    assert len(repr(row)) < 120
    assert row.to_dict()["description"] == "d" * 1000


def test_a_key_is_not_shown_whole() -> None:
    answer = RotatedKey.from_dict({"apiKey": "om_live_secret"})
    assert "secret" not in repr(answer) + answer._repr_html_()
    assert answer.api_key == "om_live_secret"
    assert answer.to_dict() == {"apiKey": "om_live_secret"}


def test_a_range_says_how_it_was_read(om: OpenMonetize) -> None:
    answer = om.analytics.usage(start_date="2026-11-01", end_date="2026-11-03")
    told = "from 2026-11-01 00:00 to 2026-11-03 23:59 UTC"
    assert told in repr(answer)
    assert told in repr(answer.data)
    assert told in answer._repr_html_()
    whole = om.analytics.v1_analytics_usage_get_with_http_info(start_date="2026-11-01", end_date="2026-11-03")
    assert told in repr(whole.data)
    raw = om.analytics.v1_analytics_usage_get_without_preload_content(last="7d")
    assert raw.status == 200


def test_a_remembered_range_is_no_part_of_the_answer(om: OpenMonetize) -> None:
    answer = om.analytics.usage(last="7d")
    assert asked_range(answer) is not None
    same = V1AnalyticsUsageGet200Response.from_dict(answer.to_dict())
    assert answer == same
    assert asked_range(same) is None
    for copied in (pickle.loads(pickle.dumps(answer)), copy.copy(answer), copy.deepcopy(answer)):
        assert copied == answer
    assert "range" not in answer.to_json()


def test_html_is_escaped(om: OpenMonetize) -> None:
    for shown in (om.events.list(), om.analytics.usage(), om.events.list()[0]):
        assert "script" not in parsed(shown).tags
    assert SCRIPT in "".join(parsed(om.analytics.usage()).texts)


def test_html_has_totals_and_the_position_of_the_page(om: OpenMonetize) -> None:
    page = om.events.list(limit=30, offset=30)
    texts = parsed(page).texts
    assert f"30 StoredEvent rows, 31 to 60 of {EVENTS}" in texts
    assert "Sum" in texts
    assert f"{sum(row.credits_burned or 0 for row in page):,}" in texts
    assert "… 10 more" in texts


def test_amounts_have_their_unit_and_as_many_decimals_as_each_other() -> None:
    summary = {"totalRevenue": "30.051", "totalProviderCost": "29.2", "totalMargin": "1"}
    shown = CostReport.from_dict({"summary": summary})._repr_html_()
    for text in ("total revenue US$", "30.051", "total provider cost US$", "29.200", "total margin US$", "1.000"):
        assert f">{text}<" in shown
    rate = BurnRate.from_dict({"last7Days": {"averagePerDay": "8.50"}, "currentBalance": "7"})._repr_html_()
    assert "US$" not in rate


def test_what_cannot_be_added_has_no_total(om: OpenMonetize) -> None:
    page = om.credits.transactions(USERS[0], limit=5)
    balances = sum(row.balance_after or 0 for row in page)
    assert f"{balances:,}" not in parsed(page).texts
    assert f"{sum(row.amount or 0 for row in page):,}" in parsed(page).texts


@pytest.mark.parametrize("kind", [Transactions, UsageReport, Balance, V1AnalyticsUsageGet200Response])
def test_an_answer_that_says_nothing_is_shown(kind: Any) -> None:
    for empty in (kind.from_dict({}), kind.model_construct()):
        assert repr(empty)
        assert empty._repr_html_()


def test_an_iterator_says_how_far_it_is_without_reading_on(om: OpenMonetize) -> None:
    rows = om.events.iter_list(page_size=10)
    assert repr(rows) == "<iterator of StoredEvent, 0 rows read>"
    next(rows)
    assert repr(rows) == f"<iterator of StoredEvent, 10 of {EVENTS} rows read>"
    assert "rows read" in rows._repr_html_()
    rows.close()
    assert list(rows) == []


def test_showing_an_answer_imports_no_library() -> None:
    code = (
        "import sys; from openmonetize import Transaction; t = Transaction.from_dict({'amount': 5});"
        "assert 'openmonetize.notebook' not in sys.modules; repr(t); t._repr_html_();"
        "print({'numpy', 'pandas', 'polars', 'pyarrow', 'matplotlib', 'tqdm'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("set()\n", "")

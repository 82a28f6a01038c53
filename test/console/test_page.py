"""The console as the server renders it: content, escaping, headers, and access control."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser
from typing import Any

import pytest

from openmonetize.sandbox import Sandbox
from openmonetize.sandbox.clock import EPOCH

from .payloads import MARK, call, event, fill, ingest

NIL = "00000000-0000-0000-0000-000000000000"


def page(sandbox: Sandbox, query: str = "") -> str:
    reply = call(sandbox, "GET", f"/{query}", key=None)
    assert reply.status == 200
    return reply.data.decode()


def live(sandbox: Sandbox, seen: str = "", query: str = "") -> dict[str, Any]:
    found: dict[str, Any] = call(sandbox, "GET", f"/_sandbox/console/live?seen={seen}{query}", key=None).json()
    return found


class Reader(HTMLParser):
    """Collects elements with their attributes, and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        self.text += data


def words(html: str) -> str:
    return " ".join(Reader(html.replace("<", " <")).text.split())


# --- content --------------------------------------------------------------------------------------------------------


def test_a_sandbox_without_events_says_so(sandbox: Sandbox) -> None:
    shown = words(page(sandbox))
    assert "0 of the last 0" not in shown
    for said in ("No event yet", "No request yet", "Every accepted event could be stored", "10,000", "om_dev_test_key"):
        assert said in shown


def test_events_wallets_and_tiles(sandbox: Sandbox) -> None:
    sandbox.set_time(datetime(2026, 11, 21, tzinfo=timezone.utc))
    call(sandbox, "POST", "/v1/credits/grant", {"userId": "ada", "amount": 100})
    ingest(sandbox, event(user_id="ada"), event(user_id="nobody"), event(event_id=NIL))
    ingest(sandbox, event(event_id=NIL))
    fragments = {name: words(html) for name, html in live(sandbox)["fragments"].items()}
    assert "Events 3 all processed" in fragments["tiles"]
    assert "Tokens in 3,000 1,500 out" in fragments["tiles"]
    assert "Credits burned 16 paid by wallets Unfunded 8 credits without a wallet" in fragments["tiles"]
    assert "Provider cost $0.0225 $0.024 revenue, margin 6%" in fragments["tiles"]
    assert "Dead letters 1 accepted and lost" in fragments["tiles"]
    assert fragments["requested"] == "3, 0 of the last 3 failed"
    assert "ada user of Acme AI Corp 92 8 8 80 days" in fragments["wallets"]
    assert fragments["events"].count("billed more") == 2
    assert "nobody Acme AI Corp chat gpt-4o OPENAI 1,000 in 500 out 8 $0.0075 unfunded" in fragments["events"]
    assert f"an event with the id {NIL} is stored already" in fragments["letters"]
    assert "POST /v1/events/ingest 202" in fragments["requests"]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ["anna", "otto", "zoe"]),
        ("user=anna", ["anna"]),
        ("user=nobody", []),
        ("feature=ocr", ["otto"]),
        ("model=gpt-4o-mini", ["zoe"]),
        ("outcome=unfunded", ["otto", "zoe"]),
        ("outcome=billed", ["anna"]),
        ("outcome=nonsense", ["anna", "otto", "zoe"]),
        ("outcome=unfunded&model=gpt-4o", ["otto"]),
        ("search=OCR", ["otto"]),
        ("search=4O-M", ["zoe"]),
        ("search=%25", []),
        ("search='; DROP TABLE events; --", []),
    ],
)
def test_events_by_user_feature_model_outcome_and_text(sandbox: Sandbox, query: str, shown: list[str]) -> None:
    call(sandbox, "POST", "/v1/credits/grant", {"userId": "anna", "amount": 100})
    ingest(sandbox, event(user_id="anna"), event(user_id="otto", feature_id="ocr"))
    ingest(sandbox, event(user_id="zoe", model="gpt-4o-mini"))
    found = words(live(sandbox, query="&" + query.replace(" ", "%20"))["fragments"]["events"])
    assert [user for user in ("anna", "otto", "zoe") if user in found] == shown
    assert ("None of the last 20,000 events" in found) == (not shown)
    assert sandbox.events()


def test_the_page_of_a_user_has_wallet_bookings_and_events(sandbox: Sandbox) -> None:
    for user, amount in (("ada", 100), ("bob", 50)):
        call(sandbox, "POST", "/v1/credits/grant", {"userId": user, "amount": amount, "reason": f"for {user}"})
    ingest(sandbox, event(user_id="ada"), event(user_id="bob"))
    assert '"/?user=ada"' in live(sandbox)["fragments"]["events"]
    assert '"/?user=ada"' in live(sandbox)["fragments"]["wallets"]
    fragments = {name: words(html) for name, html in live(sandbox, query="&user=ada")["fragments"].items()}
    assert "Events 1 of this user Balance 92 credits Credits burned 8" in fragments["tiles"]
    assert "ada user of Acme AI Corp 92 8" in fragments["wallets"]
    assert re.findall(r"(burn|grant) .*? ([-+]\d+) (\d+)", fragments["bookings"]) == [
        ("burn", "-8", "92"),
        ("grant", "+100", "100"),
    ]
    assert "bob" not in "".join(fragments[name] for name in ("wallets", "bookings", "events"))
    assert '<body class="one-user"' in page(sandbox, "?user=ada")


def test_unfunded_usage_leads_to_its_events(sandbox: Sandbox) -> None:
    ingest(sandbox, event(user_id="nobody"))
    tiles = live(sandbox)["fragments"]["tiles"]
    assert 'class="tile alarm"' in tiles
    assert '<a href="/?outcome=unfunded#events">8</a>' in tiles
    own = live(sandbox, query="&user=nobody")["fragments"]["tiles"]
    assert '<a href="/?user=nobody&amp;outcome=unfunded#events">8</a>' in own


def test_a_list_of_costs_has_one_precision_and_one_is_singular(sandbox: Sandbox) -> None:
    ingest(sandbox, event(), event(input_tokens=100_000_000), event(input_tokens=1, output_tokens=0))
    costs = re.findall(r"\$[\d,.]+", words(live(sandbox)["fragments"]["events"]))
    assert {len(cost.partition(".")[2]) for cost in costs} == {6}
    usage = words(live(sandbox)["fragments"]["usage"])
    assert "100,001.00k in, 1.00k out" in usage
    ingest(sandbox, *(event(input_tokens=10**6, output_tokens=10**5) for _ in range(2)))
    assert "102.00M in, 0.20M out" in words(live(sandbox)["fragments"]["usage"])
    sandbox.reset()
    picture = {"event_type": "IMAGE_GENERATION", "model": "dall-e-3", "image_count": 1}
    ingest(sandbox, {name: value for name, value in event(**picture).items() if "tokens" not in name})
    fragments = {name: words(html) for name, html in live(sandbox)["fragments"].items()}
    assert "1 image" in fragments["events"]
    assert "1 images" not in fragments["events"]
    assert "1 event " in fragments["usage"]


def test_what_is_accepted_and_not_yet_processed_is_counted() -> None:
    with Sandbox(processing_delay=60) as slow:
        ingest(slow, event(), event())
        assert "Events 0 2 waiting" in words(live(slow)["fragments"]["tiles"])
        slow.advance(seconds=61)
        assert "Events 2 all processed" in words(live(slow)["fragments"]["tiles"])


def test_usage_by_model_and_day(sandbox: Sandbox) -> None:
    for day, model in (("18", "gpt-4o"), ("19", "gpt-4o"), ("19", "o1")):
        ingest(sandbox, event(timestamp=f"2026-11-{day}T10:00:00Z", model=model))
    shown = live(sandbox)["fragments"]["usage"]
    columns = Reader(shown)
    titles = re.findall(r"<title>(.*?)</title>", shown)
    assert titles == [
        "18 Nov 2026: gpt-4o, 8 credits",
        "19 Nov 2026: o1, 45 credits",
        "19 Nov 2026: gpt-4o, 8 credits",
    ]
    assert "By day, 2026-11-13 to 2026-11-19 (UTC)" in columns.text
    bars = [a for tag, a in columns.elements if tag == "rect" and "y" in a]
    assert [float(str(bar["height"]).rstrip("%")) for bar in bars] == pytest.approx(
        [8 / 60 * 100, 45 / 60 * 100, 8 / 60 * 100], abs=0.001
    )
    assert "$0.045" in live(sandbox, query="&metric=cost")["fragments"]["usage"]
    assert "3k" in words(live(sandbox, query="&metric=tokens")["fragments"]["usage"])


def test_a_single_day_is_shown_by_hour_and_what_lies_elsewhere_is_counted(sandbox: Sandbox) -> None:
    ingest(sandbox, event(timestamp="2026-11-20T09:30:00Z"), event(timestamp="2026-11-20T11:00:00Z"))
    ingest(sandbox, event(timestamp="2020-01-01T00:00:00Z"), event(timestamp="9999-12-31T23:59:59Z"))
    shown = live(sandbox)["fragments"]["usage"]
    assert re.findall("<title>(.*?):", shown) == ["09", "11"]
    assert "2026-11-20, by hour (UTC)" in words(shown)
    assert "2 events lie outside of these days." in words(shown)


@pytest.mark.parametrize(
    "ends", [("0001-01-01", "0001-01-02"), ("9999-12-30", "9999-12-31"), ("0001-01-01", "9999-12-31")]
)
def test_the_ends_of_the_calendar_are_days_like_others(sandbox: Sandbox, ends: tuple[str, str]) -> None:
    ingest(sandbox, *(event(timestamp=f"{day}T23:59:59.999Z") for day in ends))
    for metric in ("credits", "tokens", "events", "cost"):
        assert ends[0][:4] in words(live(sandbox, query=f"&metric={metric}")["fragments"]["usage"])


def test_only_so_many_models_have_a_colour(sandbox: Sandbox) -> None:
    ingest(sandbox, *(event(model=f"model-{number:02}", input_tokens=1000 * (number + 1)) for number in range(20)))
    shown = words(live(sandbox, query="&metric=tokens")["fragments"]["usage"])
    assert "model-19" in shown
    assert "model-13" not in shown
    assert "all others" in shown


def colours(sandbox: Sandbox, metric: str = "credits") -> dict[str, str]:
    """Return the colour of each model that is shown."""
    shown = live(sandbox, query=f"&metric={metric}")["fragments"]["usage"]
    return {name: colour for colour, name in re.findall(r'swatch (m\d)"></span><span class="name">(.*?)<', shown)}


def test_a_model_keeps_its_colour(sandbox: Sandbox) -> None:
    call(sandbox, "POST", "/_sandbox/reset", key=None)
    live(sandbox)
    ingest(sandbox, event(model="middle"), event(model="o1"))
    first = colours(sandbox)
    assert len(set(first.values())) == 2
    for model, tokens in (("a", 10), ("zebra", 500_000), ("b", 1), ("n", 2_000_000)):
        ingest(sandbox, event(model=model, input_tokens=tokens))
        for metric in ("credits", "tokens", "events", "cost"):
            now = colours(sandbox, metric)
            assert {model: now[model] for model in first} == first
            assert len(set(now.values())) == len(now)
        first = now
    for number in range(10):  # then there are more models than colours
        ingest(sandbox, event(model=f"later-{number}", input_tokens=10_000_000 * (number % 3 + 1)))
        now = colours(sandbox)
        assert len(set(now.values())) == len(now) == 7
        assert now.get("all others", "m6") == "m6"
        assert {model for model in set(now) & set(first) if now[model] != first[model] != "m6"} == set()
        first = now


def test_the_last_week_of_a_wallet_is_that_of_its_events(sandbox: Sandbox) -> None:
    call(sandbox, "POST", "/v1/credits/grant", {"amount": 116, "userId": "anna"})
    now = EPOCH + timedelta(milliseconds=sandbox.state.clock.now())
    for days in (-2, 1, 6, 8, 30):  # one of them is in the future
        at = (now - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
        ingest(sandbox, event(user_id="anna", timestamp=at))
    assert "anna user of Acme AI Corp 76 40 16 33 days" in words(live(sandbox)["fragments"]["wallets"])


def test_an_unknown_measure_is_credits(sandbox: Sandbox) -> None:
    assert live(sandbox, query="&metric=<script>")["version"] == live(sandbox)["version"]


def test_fragments_are_sent_only_if_they_have_changed(sandbox: Sandbox) -> None:
    html = page(sandbox)
    found = re.search('data-version="(.*?)"', html)
    assert found is not None
    assert set(live(sandbox, found.group(1))) == {"now", "version"}
    ingest(sandbox, event())
    assert "fragments" in live(sandbox, found.group(1))


def test_the_console_is_not_logged_and_meets_no_faults(sandbox: Sandbox) -> None:
    sandbox.fail_next("500")
    assert "500" in words(page(sandbox))
    live(sandbox)
    assert sandbox.requests == []


def test_a_page_of_long_texts_stays_small(sandbox: Sandbox) -> None:
    long = "W" * 20_000
    for _ in range(40):
        ingest(sandbox, event(user_id=long, feature_id=long, model=long, metadata={"a": long}))
    assert len(page(sandbox)) < 400_000


# --- untrusted text -------------------------------------------------------------------------------------------------


def test_text_stays_text_in_every_field(sandbox: Sandbox) -> None:
    fill(sandbox)
    html = page(sandbox)
    for entry in sandbox.requests:
        html += call(sandbox, "GET", f"/_sandbox/console/request?number={entry['number']}", key=None).data.decode()
    found = Reader(html)
    assert found.text.count("<img src=zap") > 20
    active = [
        tag for tag, _ in found.elements if tag in ("script", "iframe", "object", "embed", "base", "meta", "link")
    ]
    assert sorted(active) == ["link", "meta", "meta", "meta", "script"]
    assert not [name for _, names in found.elements for name in names if name.startswith("on") or name == "style"]
    assert {str(names["src"])[:10] for _, names in found.elements if "src" in names} == {"data:image"}
    assert f"<img src={MARK}" not in html


def test_invisible_characters_are_made_visible(sandbox: Sandbox) -> None:
    ingest(sandbox, event(feature_id="gpj.\u202eexe", user_id="a\u0007b\u200fc", model="zero\u200dwidth"))
    shown = words(live(sandbox)["fragments"]["events"])
    assert "gpj.\\u202eexe" in shown
    assert "a\\u0007b\\u200fc" in shown
    assert "zero\u200dwidth" in shown  # which joins emoji, and letters of some scripts


def test_lone_surrogates_and_nul_do_not_break_the_page() -> None:
    with Sandbox(mode="faithful") as faithful:
        raw = b'{"events":[{"event_id":"x\\ud800\\u0000","feature_id":"\\ud800"}]}'
        call(faithful, "POST", "/v1/events/ingest", raw)
        call(faithful, "POST", "/v1/events/ingest", b"\xff\x00\xfe{")
        page(faithful)
        for number in (1, 2):
            reply = call(faithful, "GET", f"/_sandbox/console/request?number={number}", key=None)
            assert reply.status == 200


# --- access control -------------------------------------------------------------------------------------------------


def test_the_policy_allows_this_script_and_this_style_only(sandbox: Sandbox) -> None:
    reply = call(sandbox, "GET", "/", key=None)
    policy = reply.headers["content-security-policy"]
    html = reply.data.decode()
    for tag in ("script", "style"):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["cross-origin-resource-policy"] == "same-origin"
    assert not [name for name in reply.headers if name.lower().startswith("access-control")]


PATHS = ("/", "/_sandbox/console/live", "/_sandbox/console/request?number=1")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:80"},
        {"Host": "localhost.evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    ],
)
def test_another_sites_page_gets_nothing(sandbox: Sandbox, path: str, headers: dict[str, str]) -> None:
    assert call(sandbox, "GET", path, key=None, **headers).status == 403


def test_a_link_from_anywhere_may_be_followed_and_a_form_may_not_be_sent(sandbox: Sandbox) -> None:
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert call(sandbox, "GET", "/", key=None, **followed).status == 200
    assert call(sandbox, "POST", "/_sandbox/reset", {}, key=None, **followed).status == 403
    assert call(sandbox, "POST", "/_sandbox/reset", {}, key=None, Origin="http://evil.example").status == 403
    own = {"Origin": sandbox.url, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
    assert call(sandbox, "POST", "/_sandbox/reset", {}, key=None, **own).status == 200


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST", "127.0.0.2", "[::1]"])
def test_every_name_of_this_machine_is_accepted(sandbox: Sandbox, name: str) -> None:
    assert call(sandbox, "GET", "/", key=None, Host=f"{name}:{sandbox.url.rpartition(':')[2]}").status == 200
    assert call(sandbox, "GET", "/", key=None, Host=name).status == 200


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"me:{password}".encode()).decode()


def test_where_others_can_reach_it_the_browser_asks_for_the_key() -> None:
    with Sandbox(host="0.0.0.0", key="a-key:of my own") as open_one:
        port = open_one.url.rpartition(":")[2]
        asked = call(_LocalSandbox(port), "GET", "/", key=None)  # type: ignore[arg-type]
        assert asked.status == 401
        assert asked.headers["www-authenticate"].startswith("Basic realm=")
        for shown, status in (
            (basic("a-key:of my own"), 200),
            ("Bearer a-key:of my own", 200),
            (basic("wrong"), 401),
            (basic(""), 401),
            ("Basic !", 401),
            ("Basic " + base64.b64encode(b"a-key:of my own").decode(), 401),
            ("Digest a-key:of my own", 401),
            ("Bearer", 401),
        ):
            for path in PATHS:
                assert call(_LocalSandbox(port), "GET", path, key=None, Authorization=shown).status == status, shown  # type: ignore[arg-type]
        html = call(_LocalSandbox(port), "GET", "/", key=None, Authorization=basic("a-key:of my own")).data.decode()  # type: ignore[arg-type]
        assert "of my own" not in html


class _LocalSandbox:
    """A sandbox on all addresses, as this machine reaches it."""

    def __init__(self, port: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.key = None


def test_a_key_other_than_the_development_accounts_is_never_shown() -> None:
    with Sandbox(key="my-own-key") as private:
        call(private, "GET", "/v1/customers/me")
        html = page(private) + call(private, "GET", "/_sandbox/console/request?number=1", key=None).data.decode()
        assert "my-own-key" not in html
        assert "$OPENMONETIZE_API_KEY" in html


def test_a_request_that_the_log_has_dropped_is_reported(sandbox: Sandbox) -> None:
    for number in ("0", "-5", "123456789"):
        reply = call(sandbox, "GET", f"/_sandbox/console/request?number={number}", key=None)
        assert "has dropped this request" in reply.data.decode()
    assert call(sandbox, "GET", "/_sandbox/console/request?number=x", key=None).status == 400


# --- appearance -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dark", [False, True])
def test_text_can_be_told_from_its_background(sandbox: Sandbox, dark: bool) -> None:
    """WCAG 2, level AA: a contrast of 4.5 for text, and of 3 for graphics."""
    light, _, after = page(sandbox).partition("prefers-color-scheme: dark")
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", light))
    if dark:
        colours.update(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", after))
    for text, back in (
        *(("text", back) for back in ("back", "card", "faint", "fresh")),
        *(("soft", back) for back in ("back", "card", "faint")),
        *((name, f"{name}-back") for name in ("good", "warn", "bad")),
        *((name, "card") for name in ("good", "warn", "bad", "accent")),
        ("on-accent", "accent"),
    ):
        assert contrast(colours[text], colours[back]) >= 4.5, (text, back)
    for number in range(6):
        assert contrast(colours[f"m{number}"], colours["card"]) >= 3, number


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

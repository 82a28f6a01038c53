"""Draw the pictures of the documentation: ``python docs/images/draw.py``; needs Chromium, selenium and matplotlib.

``chart.png`` is the plot of the first example notebook. ``console.png`` is the sandbox's page with the Azure trace of
``examples/data``, spread over three weeks and assigned to models and users of our choice.
"""

from __future__ import annotations

import csv
import gzip
import io
import runpy
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import matplotlib
from PIL import Image
from selenium import webdriver

from openmonetize import OpenMonetize
from openmonetize.sandbox import Sandbox

IMAGES = Path(__file__).parent
EXAMPLES = IMAGES.parents[1] / "examples"
NOW = datetime(2026, 11, 24, 8, tzinfo=timezone.utc)
FIRST = NOW - timedelta(days=18, hours=3)
EVENTS = 22_000
USERS = {"ada": 250_000, "grace": 160_000, "edsger": 120_000, "barbara": 90_000, "donald": 20_000, "alan": 70_000}
# Models, with their features and shares; of a chat service, and of a coding service.
MODELS = {
    "conv": [
        ("OPENAI", "gpt-4o", "chat", 4),
        ("GOOGLE", "gemini-2.5-pro", "summaries", 3),
        ("OPENAI", "gpt-4o-mini", "search", 3),
    ],
    "code": [("ANTHROPIC", "claude-4.5-sonnet", "code-review", 2), ("ANTHROPIC", "claude-4.5-haiku", "completion", 1)],
}
SIZE = (1280, 1180)


def chart() -> None:
    """Draw the plot of the first notebook: 480 pixels wide on a page, in twice the resolution."""
    matplotlib.use("Agg")
    figure = runpy.run_path(str(EXAMPLES / "notebooks" / "1_quick_start.py"))["ax"].figure
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=960 / figure.get_figwidth())
    write("chart.png", drawn.getvalue())


def console() -> None:
    """Fill a sandbox, and take a picture of its page."""
    with Sandbox() as sandbox, OpenMonetize(api_key=sandbox.key, base_url=sandbox.url) as om:
        sandbox.set_time(NOW)
        for user, amount in USERS.items():
            om.credits.grant(user_id=user, amount=amount)
        for number, (moment, service, tokens) in enumerate(requests()):
            choices = [model for *model, share in MODELS[service] for _ in range(share)]
            provider, model, feature = choices[number % len(choices)]
            people = [*USERS, "ada", "barbara", "grace"]
            om.track_token_usage(
                user_id=people[number * 7 % len(people)] if number % 150 else "mallory",  # who has no wallet
                feature_id=feature,
                provider=provider,
                model=model,
                input_tokens=tokens[0],
                output_tokens=tokens[1],
                timestamp=moment,
            )
            if number % 5000 == 0:
                om.flush(60)
        om.flush(60)
        om.wait_billed(60)
        write("console.png", screenshot(sandbox.url))


def requests() -> list[tuple[datetime, str, tuple[int, int]]]:
    """Return the requests of the trace in order, fewer of them at night and at weekends."""
    rows = []
    for service in MODELS:
        with gzip.open(EXAMPLES / "data" / f"AzureLLMInferenceTrace_{service}.csv.gz", "rt") as lines:
            rows += [(row["TIMESTAMP"], service, row) for row in csv.DictReader(lines)]
    rows.sort(key=lambda row: row[0])
    hours = [FIRST + timedelta(hours=hour) for hour in range(int((NOW - FIRST).total_seconds()) // 3600)]
    weights = [(6 if 7 <= at.hour < 19 else 2) * (1 if at.weekday() >= 5 else 2) + at.day % 3 for at in hours]
    found, total, done = [], sum(weights), 0
    for hour, weight in zip(hours, weights):
        part = range(done * EVENTS // total, (done + weight) * EVENTS // total)
        done += weight
        for number in part:
            _, service, row = rows[number]
            moment = hour + timedelta(hours=(number - part.start) / len(part))
            found.append((moment, service, (int(row["ContextTokens"]), int(row["GeneratedTokens"]))))
    return found


def screenshot(url: str) -> bytes:
    """Return a picture of a page in Chromium."""
    options = webdriver.ChromeOptions()
    for flag in ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1280,1400"):
        options.add_argument(flag)
    browser = webdriver.Chrome(options=options)
    try:
        metrics = {"width": SIZE[0], "height": SIZE[1], "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        browser.get(url)
        time.sleep(2)  # a new row is marked for as long
        return browser.get_screenshot_as_png()
    finally:
        browser.quit()


def write(name: str, picture: bytes) -> None:
    """Write a picture with at most 256 colours, which is a third of the bytes."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(IMAGES / name, optimize=True)
    sys.stdout.write(f"{name}: {image.width} x {image.height}, {(IMAGES / name).stat().st_size // 1000} kB\n")


if __name__ == "__main__":
    chart()
    console()

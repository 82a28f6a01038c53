"""A sandbox for each test, and one browser for all of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from openmonetize.sandbox import Sandbox

CHROMIUM, DRIVER = "chromium", "chromedriver"
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def _shared() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_shared: Sandbox) -> Sandbox:
    """Return a clean sandbox."""
    _shared.reset()
    return _shared


@pytest.fixture(scope="session")
def _chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    from selenium.webdriver.chrome.service import Service

    binary, driver = shutil.which(CHROMIUM), shutil.which(DRIVER)
    if binary is None or driver is None:
        pytest.skip(f"{CHROMIUM} and {DRIVER} are not installed")
    profile: Path = tmp_path_factory.mktemp("profile")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in (*_FLAGS, f"--user-data-dir={profile}", "--window-size=1280,900"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(driver))
    browser.set_page_load_timeout(30)
    browser.set_script_timeout(30)
    yield browser
    browser.quit()


@pytest.fixture
def browser(_chromium: Any) -> Iterator[Any]:
    """Return Chromium with a wide window. The test fails if the page has logged to the browser's console."""
    _chromium.get("about:blank")
    _chromium.get_log("browser")
    yield _chromium
    complaints = [entry["message"] for entry in _chromium.get_log("browser")]
    _chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert complaints == []

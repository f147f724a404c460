"""A real browser, headless, to look at pages with."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from tests.program import HANG_SECONDS

WIDTH, HEIGHT = 1280, 900
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars --disable-dev-shm-usage"
)
# All that is folded is opened. Every picture: whether it was drawn and stands within the page; and what is
# wider than its place.
LOOK = """
document.querySelectorAll("details").forEach(each => { each.open = true; });
const page = document.documentElement, width = page.clientWidth;
const pictures = [...document.images].map(image => {
  const box = image.getBoundingClientRect();
  return {width: box.width, height: box.height, natural: image.naturalWidth, complete: image.complete,
          alt: image.alt, left: box.left, right: box.right, shown: image.checkVisibility()};
});
const loaded = performance.getEntriesByType("resource").map(entry => entry.name);
return {width, scroll: Math.max(page.scrollWidth, document.body.scrollWidth), pictures,
        loaded: loaded.filter(name => !name.startsWith("data:")),
        formulas: [...document.querySelectorAll("math")].map(each => each.getBoundingClientRect().width),
        dead: [...document.querySelectorAll('a[href^="#"]')].map(each => each.getAttribute("href"))
              .filter(target => !document.getElementById(decodeURIComponent(target.slice(1))))};
"""


@dataclass(frozen=True)
class Seen:
    """What the browser showed: its console's errors, and measures of the page in CSS pixels."""

    console: list[str]
    page: dict[str, Any]
    text: str


def browser_or_skip() -> tuple[str, str]:
    """Paths of Chromium and its driver; skips the test where they are missing, except in CI."""
    found = shutil.which("chromium") or shutil.which("chromium-browser"), shutil.which("chromedriver")
    if found[0] and found[1]:
        return found[0], found[1]
    reason = "Chromium and chromedriver are not installed (Debian: apt-get install chromium chromium-driver)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def browser(profile: Path) -> Iterator[webdriver.Chrome]:
    """A browser with a profile of its own, which finds no host."""
    program, driver = browser_or_skip()
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in FLAGS.split():
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={profile}")
    options.add_argument(f"--window-size={WIDTH},{HEIGHT}")
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    running = webdriver.Chrome(options=options, service=Service(driver))
    try:
        running.set_page_load_timeout(HANG_SECONDS)
        yield running
    finally:
        running.quit()


def look(path: Path, profile: Path, picture: Path | None = None) -> Seen:
    """Open a file at a width of 1280 pixels; ``picture`` is where to keep what it looks like."""
    with browser(profile) as running:
        running.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False},
        )
        running.get(path.resolve().as_uri())
        page = running.execute_script(LOOK)
        console = [entry["message"] for entry in running.get_log("browser")]
        text = running.find_element("tag name", "body").text
        if picture:
            running.save_screenshot(str(picture))
    return Seen(console, page, text)


def assert_right(seen: Seen) -> None:
    """Nothing in the console, nothing loaded, every picture seen, no scrolling sideways, no dead link."""
    page = seen.page
    assert seen.console == []
    assert page["loaded"] == []
    assert page["width"] == WIDTH
    assert page["scroll"] <= WIDTH
    assert page["dead"] == []
    assert page["pictures"]
    for image in page["pictures"]:
        assert image["complete"] and image["natural"] > 0 and image["shown"], image
        assert image["width"] > 50 and image["height"] > 20, image
        assert image["left"] >= 0 and image["right"] <= WIDTH, image
        assert image["alt"], image

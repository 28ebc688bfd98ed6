"""Pages in a real browser: the system's Chromium, driven by playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import pytest

PATH = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MISSING = "no Chromium on this system" if PATH is None else "playwright is not installed: pip install -e .[browser]"
needs_browser = pytest.mark.skipif(PATH is None or find_spec("playwright") is None, reason=MISSING)

WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@contextmanager
def browser(*arguments: str) -> Iterator[Any]:
    """playwright's Browser; `arguments` are Chromium's own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Without its sandbox, which root may not use; the pages are our own.
        chromium = playwright.chromium.launch(executable_path=PATH, args=["--no-sandbox", *arguments])
        try:
            yield chromium
        finally:
            chromium.close()

"""Pages in a headless Chromium of the system."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import ConsoleMessage, Page, Request, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)

needs_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no Chromium: apt-get install chromium"
)

PATIENCE_MS = 120_000
"""How long a page may take on a busy machine."""

POINT = """([name, x, y]) => {
  const view = [...Bokeh.index].find((each) => each.model.name === name);
  const box = view.el.getBoundingClientRect();
  return [box.x + view.frame.x_scale.compute(x), box.y + view.frame.y_scale.compute(y)];
}"""
"""Where a point of a figure is in the window."""


@contextmanager
def opened(path: Path, *, width: int = 1280, scheme: str = "light") -> Iterator[Page]:
    """A page, opened from disk, which must ask for no other file and write no errors."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        page.set_default_timeout(PATIENCE_MS)
        wrong: list[str] = []

        def heard(said: ConsoleMessage) -> None:
            if said.type == "error":
                wrong.append(said.text)

        def asked(request: Request) -> None:
            if request.url.startswith("http"):
                wrong.append(request.url)

        page.on("console", heard)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", asked)
        page.goto(path.as_uri())
        page.wait_for_function("document.documentElement.dataset.ready === 'yes'")
        yield page
        assert wrong == []
        browser.close()


def click(page: Page, figure: str, x: float, y: float) -> None:
    """Click a point of a figure, in its coordinates."""
    page.evaluate(
        "name => [...Bokeh.index].find((each) => each.model.name === name)"
        ".el.scrollIntoView({block: 'center'})",
        figure,
    )
    page.mouse.click(*page.evaluate(POINT, [figure, x, y]))

"""Make the README's pictures again: `python -m tests.browser.pictures PROJECT` on a finished demo project.

It works on a copy, in which it draws one more spot-check, so that the review queue has rows to show.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from pipelines.review import plan as planning
from pipelines.review.plan import PlanConfig
from pipelines.runtime import settings as project_settings
from storage.dataset import datasets
from tests.browser.conftest import FLAGS, OPEN_APPS, App, _free_port
from tests.browser.forks import Forks
from tests.browser.test_pages import PAGES, settled
from tests.places import ROOT

FOLDER = ROOT / "docs" / "pictures"
WIDTH, HEIGHT = 1400, 900
SHOTS = (("overview", "light"), ("map", "light"), ("queue", "light"), ("evaluation", "light"), ("evaluation", "dark"))
SPARE_REVIEWS = 60


def skip_to_latin(page: Page) -> None:
    """Go on to a row that a machine with few fonts can draw."""
    for _ in range(SPARE_REVIEWS):
        if page.locator(".card .text").inner_text().isascii():
            return
        page.keyboard.press("s")


def make(project: Path, folder: Path) -> list[Path]:
    """Take the pictures of a running app; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    os.environ["LOGNAME"] = "ana"  # the reviewer in the pictures
    forks = Forks()
    app = App(forks, None, project, _free_port(), project / "pictures.log")
    app.start()
    try:
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            for path, theme in SHOTS:
                if path == "queue":
                    settings = project_settings.load(project)
                    dataset = datasets.names(settings.store)[0]
                    planning.run(PlanConfig(dataset, reviews=SPARE_REVIEWS, seed=SPARE_REVIEWS), settings.store)
                page = chromium.new_page(color_scheme=theme, viewport={"width": WIDTH, "height": HEIGHT})
                page.context.add_cookies(list(OPEN_APPS.values()))
                page.goto(f"{app.url}/{path}")
                settled(page, PAGES[path])
                if path == "queue":
                    skip_to_latin(page)
                page.wait_for_timeout(1_500)  # charts and tables draw themselves after the script has ended
                file = folder / (f"{path}.png" if theme == "light" else f"{path}-{theme}.png")
                page.screenshot(path=file)
                made.append(file)
                page.close()
            chromium.close()
    finally:
        app.stop()
        forks.close()
    return made


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "demo"
        shutil.copytree(sys.argv[1], copy)
        for picture in make(copy, FOLDER):
            sys.stdout.write(f"{picture} {picture.stat().st_size // 1000} kB\n")

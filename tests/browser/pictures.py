"""Make the pictures of the documentation again: `python -m tests.browser.pictures PROJECT` on a finished demo project.

It works on a copy, in which it draws one more spot-check, so that the review queue has rows to show. Each page is
taken light and dark, wide and as on a phone: some whole for the README, all of them small into `pages/`, one sheet for
each look.
"""

import io
import os
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
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
LOOKS = {
    "light": ("light", 1440, 900),
    "dark": ("dark", 1440, 900),
    "phone": ("light", 390, 844),
    "phone-dark": ("dark", 390, 844),
}
WHOLE = {("overview", "light"), ("map", "light"), ("queue", "light"), ("evaluation", "light"), ("evaluation", "dark")}
SPARE_REVIEWS = 60
_GAP, _COLUMNS = 8, 5


def skip_to_latin(page: Page) -> None:
    """Go on to a row that a machine with few fonts can draw."""
    for _ in range(SPARE_REVIEWS):
        if page.locator(".card .text").inner_text().isascii():
            return
        page.keyboard.press("s")


def small(picture: bytes, width: int) -> Image.Image:
    """A picture at a width, in few colours, so that all of them weigh little."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image = image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)
    return image.quantize(64, dither=Image.Dither.NONE)


def sheet(pictures: list[Image.Image]) -> Image.Image:
    """Pictures of one size side by side."""
    width, height = pictures[0].size
    rows = -(-len(pictures) // _COLUMNS)
    made = Image.new("RGB", (_COLUMNS * (width + _GAP) + _GAP, rows * (height + _GAP) + _GAP), "#8a8fa3")
    for place, picture in enumerate(pictures):
        at = (_GAP + place % _COLUMNS * (width + _GAP), _GAP + place // _COLUMNS * (height + _GAP))
        made.paste(picture.convert("RGB"), at)
    return made.quantize(64, dither=Image.Dither.NONE)


def take(page: Page, url: str, path: str) -> bytes:
    """The picture of one page, once it stands still."""
    page.goto(f"{url}/{path}")
    settled(page, PAGES[path])
    if path == "queue":
        skip_to_latin(page)
    page.wait_for_timeout(1_200)  # charts and tables draw themselves after the script has ended
    return page.screenshot()


def make(project: Path, folder: Path) -> list[Path]:
    """Take the pictures of a running app; returns the files."""
    (folder / "pages").mkdir(parents=True, exist_ok=True)
    made = []
    os.environ["LOGNAME"] = "ana"  # the reviewer in the pictures
    settings = project_settings.load(project)
    planning.run(
        PlanConfig(datasets.names(settings.store)[0], reviews=SPARE_REVIEWS, seed=SPARE_REVIEWS), settings.store
    )
    forks = Forks()
    app = App(forks, None, project, _free_port(), project / "pictures.log")
    app.start()
    try:
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            for look, (theme, width, height) in LOOKS.items():
                page = chromium.new_page(color_scheme=theme, viewport={"width": width, "height": height})
                page.set_default_timeout(120_000)
                page.context.add_cookies(list(OPEN_APPS.values()))
                taken = []
                for path in PAGES:
                    picture = take(page, app.url, path)
                    taken.append(small(picture, 480 if width > height else 195))
                    if (path, look) in WHOLE:
                        file = folder / (f"{path}.png" if look == "light" else f"{path}-{look}.png")
                        file.write_bytes(picture)
                        made.append(file)
                file = folder / "pages" / f"{look}.png"
                sheet(taken).save(file, optimize=True)
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

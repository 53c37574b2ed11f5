"""A Streamlit server for a test, and a chromium page that remembers what went wrong on it."""

import os
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlparse

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from curator.errors import OutsideError
from pages.frame.serve import APP
from pipelines.admin.keys import local_token
from pipelines.bench.served import wait
from tests.browser.forks import Forked, Forks
from tests.places import ROOT

PATIENCE_MS = 120_000
"""How long a page may take for anything, on a machine that does much else: it ends a hang, and measures nothing."""
expect.set_options(timeout=PATIENCE_MS)
collect_ignore = ["review_app.py"]  # a script for Streamlit, not a module to import
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


OPEN_APPS: dict[int, dict[str, str]] = {}
OPEN_CONTEXTS: list[BrowserContext] = []
"""Every browser here has opened the address of every app here that `curator app` would print."""


@dataclass
class App:
    """A running Streamlit server: the app's own, or one for a script of the tests."""

    forks: Forks
    script: Path | None
    project: Path
    port: int
    log: Path
    process: Forked | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = ["run", str(self.script or APP), "--server.port", str(self.port)]
        command += ["--server.address", "127.0.0.1", "--server.headless", "true"]
        env = {**os.environ, "CURATOR_PROJECT": str(self.project), "PYTHONPATH": str(ROOT)}
        self.process = self.forks.start(command, env, self.log)
        if self.script is None:
            OPEN_APPS[self.port] = {"name": f"curator_{self.port}", "value": local_token(self.project), "url": self.url}
            for context in OPEN_CONTEXTS:
                context.add_cookies([OPEN_APPS[self.port]])
        try:
            wait(self.process, self.url, self.log)
        except OutsideError as error:
            self.stop()
            pytest.fail(str(error))

    def stop(self) -> None:
        """End it as an operating system does that is out of patience."""
        if self.process is not None:
            self.process.kill()
            self.process = None


@dataclass
class Watched:
    """A page, with its console errors and every request that tried to leave this machine."""

    page: Page
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def note_console(self, kind: str, text: str) -> None:
        # A failed load is noted with its address by `note_response`.
        if kind == "error" and "Failed to load resource" not in text:
            self.errors.append(text)

    def note_response(self, status: int, url: str) -> None:
        # On a deep link Streamlit looks for its own endpoints below the page's path first, then at the root.
        probe = re.search(r"/\w+/_stcore/(health|host-config)$", urlparse(url).path)
        if status >= 400 and not probe:
            self.errors.append(f"{status} {url}")

    def assert_clean(self) -> None:
        assert self.outside == []
        assert self.errors == []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """The process that all servers are forked off."""
    made = Forks()
    yield made
    made.close()


@pytest.fixture
def run_app(forks: Forks, tmp_path: Path) -> Iterator[Callable[..., App]]:
    """Start the app, or another script, on a project folder."""
    started: list[App] = []

    def start(project: Path, script: Path | None = None) -> App:
        app = App(forks, script, project, _free_port(), tmp_path / f"app-{len(started)}.log")
        app.start()
        started.append(app)
        return app

    yield start
    for app in started:
        app.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium, headless.

    For one file and not for the session: while playwright is open, this thread has a running event loop, and a test
    elsewhere that calls `asyncio.run` or opens playwright would fail.
    """
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        reason = "chromium is missing; on Debian: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Watched]]:
    """Open pages of one fresh profile each; `open_page(dark=True)` for the dark theme."""
    with _contexts(browser) as make:
        yield make


@contextmanager
def _contexts(browser: Browser) -> Iterator[Callable[..., Watched]]:
    contexts = []

    def make(*, dark: bool = False) -> Watched:
        context = browser.new_context(color_scheme="dark" if dark else "light", viewport={"width": 1440, "height": 900})
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        context.add_cookies(list(OPEN_APPS.values()))
        OPEN_CONTEXTS.append(context)
        watched = Watched(context.new_page())
        watched.page.on("console", lambda m: watched.note_console(m.type, m.text))
        watched.page.on("response", lambda r: watched.note_response(r.status, r.url))
        watched.page.on("pageerror", lambda error: watched.errors.append(str(error)))
        context.on(
            "request",
            lambda request: (
                watched.outside.append(request.url)
                if urlparse(request.url).hostname not in ("127.0.0.1", "localhost", None)
                else None
            ),
        )
        return watched

    yield make
    for context in contexts:
        OPEN_CONTEXTS.remove(context)
        context.close()

"""The second barrier: headers that stop what a page would let through."""

import http.server
import socketserver
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from pages.frame.asgi import HEADERS, inline_hashes
from pipelines.admin.keys import local_token
from pipelines.runtime import settings as project_settings
from tests.browser.conftest import OPEN_APPS
from tests.sample_project import make_project

pytestmark = [pytest.mark.browser, pytest.mark.slow]
BEACON = "https://evil.example/beacon.png"


def test_the_policy_allows_inline_scripts_by_their_hash_alone() -> None:
    # echo -n 'go()' | openssl dgst -sha256 -binary | base64
    html = "<script src=x.js></script><script>go()</script>"
    assert inline_hashes(html) == ["'sha256-5KYv+PUboo5h+0+YAtGRPbwv5d/QxzHslP4YGnUaxRw='"]
    assert "unsafe-inline" not in next(p for p in HEADERS["Content-Security-Policy"].split("; ") if "script-src" in p)


def test_every_answer_carries_the_headers_and_a_beacon_is_blocked(
    run_app: Callable, open_page: Callable, tmp_path: Path
) -> None:
    app = run_app(project_settings.init(tmp_path / "p")[0].project)
    for path in ("/", "/overview", "/_stcore/health"):
        cookie = {"Cookie": "{name}={value}".format(**OPEN_APPS[app.port])}
        with urllib.request.urlopen(urllib.request.Request(app.url + path, headers=cookie)) as answer:
            for name, value in HEADERS.items():
                assert answer.headers[name] == value, path

    watched = open_page()
    page = watched.page
    asked: list[str] = []
    page.context.on("response", lambda answer: asked.append(answer.url))
    page.context.route("https://evil.example/**", lambda route: route.fulfill(status=200, body="taken"))
    page.goto(app.url)
    expect(page.locator("[data-testid=stHeading]").first).to_be_visible()
    watched.assert_clean()
    loaded = page.evaluate(
        """address => new Promise(done => {
          const image = new Image();
          image.onload = () => done('loaded');
          image.onerror = () => done('blocked');
          image.src = address;
          document.body.append(image);
        })""",
        BEACON,
    )
    assert loaded == "blocked"
    assert any("Content Security Policy" in error for error in watched.errors)
    assert not any("evil.example" in url for url in asked)
    assert page.evaluate("fetch('https://evil.example/x').then(() => 'sent', () => 'blocked')") == "blocked"


def test_another_page_of_this_browser_reaches_nothing_whichever_port_it_came_from(
    run_app: Callable, browser: Browser, tmp_path: Path
) -> None:
    project = project_settings.init(tmp_path / "p")[0].project
    app = run_app(project)
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{app.url}/overview")
    expect(page.get_by_text("This app has no sign-in, so it opens only")).to_be_visible()

    page.goto(f"{app.url}/overview?token={local_token(project)}&dataset=x")
    expect(page.locator("[data-testid=stHeading], [data-testid=stText]").first).to_be_visible(timeout=60_000)
    assert "token" not in page.url

    # The browser has the cookie now, and sends it to every port of this machine.
    with socketserver.TCPServer(("127.0.0.1", 0), _Elsewhere) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        page.goto(f"http://127.0.0.1:{other.server_address[1]}/")
        opened = page.evaluate(
            """address => new Promise(done => {
              const socket = new WebSocket(address, ['streamlit', 'x']);
              socket.onopen = () => done('opened');
              socket.onerror = () => done('refused');
            })""",
            f"{app.url.replace('http', 'ws')}/_stcore/stream",
        )
        asked = page.evaluate("a => fetch(a, {credentials: 'include'}).then(() => 'read', () => 'refused')", app.url)
        other.shutdown()
    context.close()
    assert (opened, asked) == ("refused", "refused")


def test_no_table_offers_a_file_in_which_a_spreadsheet_would_find_formulas(
    run_app: Callable, open_page: Callable, tmp_path: Path
) -> None:
    app = run_app(make_project(tmp_path / "p", rows=30).project)
    page = open_page().page
    page.goto(f"{app.url}/overview")
    table = page.get_by_test_id("stDataFrame").first
    table.hover(timeout=60_000)
    expect(page.get_by_role("button", name="Search").first).to_be_visible()
    offered = page.get_by_role("button", name="Download as CSV", include_hidden=True)
    expect(offered.first).to_be_attached()  # the button is known by this name, and not shown
    expect(page.get_by_role("button", name="Download as CSV")).to_have_count(0)


class _Elsewhere(http.server.BaseHTTPRequestHandler):
    """A page of another program on this machine."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<p>another page")

    def log_message(self, *_: object) -> None:
        pass

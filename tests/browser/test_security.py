"""The second barrier: headers that stop what a page would let through."""

import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from pages.frame.asgi import HEADERS, inline_hashes
from pipelines.runtime import settings as project_settings

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
        with urllib.request.urlopen(app.url + path) as answer:
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

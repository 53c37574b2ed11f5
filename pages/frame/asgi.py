"""The app as the server runs it: Streamlit's own behind a door, with security headers around every answer.

What a text of a dataset could try, the pages prevent by showing it inert; the policy is the second barrier. With
it no page can load anything from another machine, be framed by another site, or run a script that is not ours.
"""

import base64
import hashlib
import re
import secrets
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime.pages_manager import PagesManager

from pages.frame.door import Door
from pages.frame.guard import may_ingest, provider, served_project, signed_out
from pipelines.admin.keys import local_token

ENTRY = Path(__file__).resolve().parents[2] / "streamlit_app.py"
INDEX = Path(st.__file__).parent / "static" / "index.html"


def inline_hashes(html: str) -> list[str]:
    """Name the inline scripts of a page by their hashes, as a policy does that allows just these."""
    scripts = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", html, re.DOTALL)
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    return [f"'sha256-{digest}'" for digest in digests]


POLICY = {
    "default-src": "'self'",
    # Streamlit imports a component's module from a blob, and charts compile their expressions.
    "script-src": " ".join(["'self' blob: 'unsafe-eval'", *inline_hashes(INDEX.read_text(encoding="utf-8"))]),
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "worker-src": "'self' blob:",
    "connect-src": "'self' data: blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in POLICY.items()),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class SecurityHeaders:
    """Middleware that adds `HEADERS` to every HTTP answer, and keeps cookies to https where the app is reached so."""

    def __init__(self, app: ASGIApp, *, secure_cookies: bool = False) -> None:
        self.app = app
        self.secure_cookies = secure_cookies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                ours = {name.lower().encode(): value.encode() for name, value in HEADERS.items()}
                kept = [(name, value) for name, value in message["headers"] if name.lower() not in ours]
                message = {**message, "headers": [*map(self._secured, kept), *ours.items()]}
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)

    def _secured(self, header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
        name, value = header
        if self.secure_cookies and name == b"set-cookie" and b"; secure" not in value.lower():
            return name, value + b"; Secure"  # Streamlit leaves it out
        return header


# Until the entry script has run once, Streamlit takes a folder named `pages` beside it for its old way of finding
# pages: a deep link or a reconnecting browser would be told that the page does not exist.
PagesManager.uses_pages_directory = False
auth = provider()
https = auth is not None and auth.origin.startswith("https://")
project = served_project()
app = st.App(
    ENTRY,
    middleware=[
        Middleware(SecurityHeaders, secure_cookies=https),
        Middleware(
            Door,
            token=local_token(project) if project else secrets.token_urlsafe(32),
            auth=auth,
            ended=signed_out(),
            may_upload=may_ingest,
        ),
    ],
    secrets={"auth": dict(auth.settings)} if auth else None,  # nothing of it goes to the store or into a log
)

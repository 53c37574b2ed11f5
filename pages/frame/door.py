"""The server's own door, before Streamlit's: who may send this app a request at all.

A browser shows many pages, and each may send requests to any address, this one too. So a request that another page
caused is turned away, whichever port that page came from. Where the app has no sign-in, the browser must have opened
the address that `curator app` prints once; where it has one, nobody uploads who has not signed in, and a cookie that
somebody signed out with opens nothing.
"""

import hmac
import json
from collections.abc import Callable, Mapping
from urllib.parse import urlencode, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.auth_util import get_cookie_with_chunks
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value

from curator.records import identity
from pages.frame.uploads import Uploads
from pipelines.admin.keys import EndedSignIns
from pipelines.admin.sign_in import SignIn, is_loopback

USER_COOKIE = "_streamlit_user"
_OPEN = "_stcore/health"
"""Answers everybody: it says whether the server runs, and nothing else."""
UPLOAD = "/_stcore/upload_file/"
CLOSED = """<!doctype html><meta charset="utf-8"><title>Curator</title>
<p>This app has no sign-in, so it opens only for the address that <code>curator app</code> printed when it was started
(it ends in <code>?token=…</code>). Open that address once in this browser; after that, any address works.</p>
"""


class Door:
    """Middleware that lets a request in or turns it away.

    Args:
        app: What comes behind the door.
        token: Opens the app where it has no sign-in.
        auth: The sign-in, where there is one.
        ended: Cookies that somebody has signed out with.
        may_upload: Whether a user, by name, may bring in files now.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        token: str,
        auth: SignIn | None,
        ended: EndedSignIns,
        may_upload: Callable[[str], bool],
    ) -> None:
        self.app = app
        self.token = token
        self.auth = auth
        self.ended = ended
        self.may_upload = may_upload
        self.uploads = Uploads()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        refusal = self._from_elsewhere(request) or (self._without_token(request) if self.auth is None else None)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        if self.auth is not None:
            scope = self._without_ended_sign_in(request, scope)
        if scope["type"] == "http" and UPLOAD in request.url.path and scope["method"] in ("PUT", "DELETE"):
            await self._upload(HTTPConnection(scope), scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _from_elsewhere(self, request: HTTPConnection) -> Response | None:
        """Turn away what another page caused, and what reached this machine by another name than its own."""
        host = request.headers.get("host", "")
        if self.auth is None and not is_loopback(_name_of(host)):
            return PlainTextResponse("This app serves its own machine only, by the name 127.0.0.1 or localhost.", 403)
        sent = request.headers.get("origin")
        own = {host} | ({urlsplit(self.auth.origin).netloc} if self.auth else set())
        if sent is not None and urlsplit(sent).netloc not in own:
            return PlainTextResponse("Another page may not use this app.", 403)
        moves = request.headers.get("sec-fetch-mode") == "navigate"
        if request.headers.get("sec-fetch-site") in ("cross-site", "same-site") and not moves:
            return PlainTextResponse("Another page may not use this app.", 403)
        return None

    def _without_token(self, request: HTTPConnection) -> Response | None:
        """Turn away who has not opened the printed address; who opens it gets a cookie instead of the token."""
        path = request.url.path
        if path.endswith(_OPEN):
            return None
        name = cookie_name(request.scope)
        if request.scope.get("method") in ("GET", "HEAD") and _same(request.query_params.get("token"), self.token):
            rest = [(k, v) for k, v in request.query_params.multi_items() if k != "token"]
            # One slash: an address that begins with two, of either kind, would be another machine's.
            there = "/" + path.lstrip("/\\")
            response = RedirectResponse(there + (f"?{urlencode(rest)}" if rest else ""), 303)
            response.set_cookie(name, self.token, httponly=True, samesite="lax", path="/")
            return response
        return None if _same(request.cookies.get(name), self.token) else HTMLResponse(CLOSED, 403)

    def _without_ended_sign_in(self, request: HTTPConnection, scope: Scope) -> Scope:
        """Note who signs out; take a sign-in that has ended out of the request."""
        cookie = sign_in_cookie(request.cookies)
        if cookie is None:
            return scope
        if request.url.path == "/auth/logout":
            self.ended.end(cookie)
            return scope
        if not self.ended.has(cookie):
            return scope
        kept = {k: v for k, v in request.cookies.items() if not k.startswith(USER_COOKIE)}
        header = "; ".join(f"{k}={v}" for k, v in kept.items()).encode("latin-1", "replace")
        others = [(k, v) for k, v in scope["headers"] if k != b"cookie"]
        return {**scope, "headers": [*others, (b"cookie", header)]}

    async def _upload(self, request: HTTPConnection, scope: Scope, receive: Receive, send: Send) -> None:
        """A file comes in, or goes: from whom may bring in files, as much as one may and all together may hold."""
        who = "" if self.auth is None else _signed_in(request.cookies, str(self.auth.settings["cookie_secret"]))
        if who is None or (who and not await run_in_threadpool(self.may_upload, who)):
            await PlainTextResponse("Sign in as somebody who may bring in data.", 403)(scope, receive, send)
            return
        if scope["method"] == "DELETE":
            await self.app(scope, receive, send)
            return
        place = request.url.path.partition(UPLOAD)[2]
        why = self.uploads.reserve(who, place, request.headers.get("content-length"))
        if why is not None:
            await PlainTextResponse(why, 413)(scope, receive, send)
            return
        taken = False

        async def watched(message: Message) -> None:
            nonlocal taken
            if message["type"] == "http.response.start":
                taken = message["status"] < 300
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            self.uploads.settle(place, taken=taken)


def cookie_name(scope: Scope) -> str:
    """The local cookie's name: browsers keep cookies by machine, not by port, and two projects may be open."""
    return f"curator_{(scope.get('server') or ('', 0))[1]}"


def sign_in_cookie(cookies: Mapping[str, str]) -> str | None:
    """The whole of a sign-in's cookie, which may come in parts; None where there is none."""
    parts = [f"{name}={value}" for name, value in sorted(cookies.items()) if _is_part(name)]
    return "; ".join(parts) or None


def _is_part(name: str) -> bool:
    return name == USER_COOKIE or (name.startswith(f"{USER_COOKIE}_") and name.rpartition("_")[2].isdigit())


def _signed_in(cookies: Mapping[str, str], secret: str) -> str | None:
    """The name that a request's cookie proves."""

    def part(name: str) -> bytes | None:
        value = cookies.get(name)
        return None if value is None else decode_signed_value(secret, name, value.encode("latin-1", "replace"))

    try:
        found = json.loads(get_cookie_with_chunks(part, USER_COOKIE) or b"{}")
    except ValueError:
        return None
    return identity(found) if isinstance(found, dict) and found.get("is_logged_in") is True else None


def _same(given: str | None, wanted: str) -> bool:
    return given is not None and hmac.compare_digest(given.encode(), wanted.encode())


def _name_of(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None

"""An OpenID Connect provider on loopback: the authorization code flow with PKCE, and a login page with one link each.

It checks what a real one checks (client, secret, redirect address, code used once, verifier), so that a sign-in
that works here works for a reason.
"""

import base64
import hashlib
import html
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "curator", "client-secret-of-a-test"
COOKIE_SECRET = "a-cookie-secret-of-forty-characters-here"


@dataclass
class Provider:
    """The people it knows, by login: their claims beside issuer and times."""

    people: dict[str, dict[str, Any]]
    issuer: str = ""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"}))

    def secrets_toml(self) -> str:
        """What the app needs to use this provider; Streamlit fills in its port."""
        return f"""\
[auth]
redirect_uri = "http://127.0.0.1:{{port}}/oauth2callback"
cookie_secret = "{COOKIE_SECRET}"
client_id = "{CLIENT_ID}"
client_secret = "{CLIENT_SECRET}"
server_metadata_url = "{self.issuer}/.well-known/openid-configuration"
"""

    def configure(self, project: Path) -> None:
        """Make the project's app ask for a sign-in here."""
        (project / ".streamlit").mkdir(exist_ok=True)
        (project / ".streamlit" / "secrets.toml").write_text(self.secrets_toml(), encoding="utf-8")

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def authorize(self, query: dict[str, str]) -> tuple[str, str]:
        """Either ("page", its HTML) or ("redirect", the address with a fresh code)."""
        assert query["client_id"] == CLIENT_ID
        assert query["response_type"] == "code"
        assert "openid" in query["scope"].split()
        assert query["code_challenge_method"] == "S256"
        back = urlsplit(query["redirect_uri"])
        assert (back.hostname, back.path) == ("127.0.0.1", "/oauth2callback")
        person = query.pop("person", None)
        if person is None:
            links = (
                f'<p><a href="/authorize?{html.escape(urlencode({**query, "person": p}))}">{p}</a></p>'
                for p in self.people
            )
            return "page", f"<!doctype html><title>Log in</title>{''.join(links)}"
        code = secrets.token_urlsafe(16)
        self.codes[code] = {**query, "person": person}
        return "redirect", f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any]:
        """Exchange a code, once."""
        expected = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        assert authorization == f"Basic {expected}" or form.get("client_secret") == CLIENT_SECRET
        asked = self.codes.pop(form["code"])
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode()
        assert challenge.rstrip("=") == asked["code_challenge"]
        assert form["redirect_uri"] == asked["redirect_uri"]
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        token = jwt.encode({"alg": "RS256", "kid": "k1"}, claims | self.people[asked["person"]], self.key)
        return {"access_token": secrets.token_hex(8), "token_type": "Bearer", "expires_in": 300, "id_token": token}


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            match parts.path:
                case "/.well-known/openid-configuration":
                    self.answer(provider.metadata())
                case "/keys":
                    self.answer({"keys": [provider.key.as_dict(private=False)]})
                case "/authorize":
                    kind, value = provider.authorize({k: v[0] for k, v in parse_qs(parts.query).items()})
                    if kind == "page":
                        self.send(200, value.encode(), "text/html; charset=utf-8")
                    else:
                        self.send(302, b"", "text/plain", {"Location": value})
                case _:
                    self.send(404, b"", "text/plain")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {k: v[0] for k, v in parse_qs(body).items()}
            self.answer(provider.token(form, self.headers.get("Authorization", "")))

        def answer(self, content: dict[str, Any]) -> None:
            self.send(200, json.dumps(content).encode(), "application/json")

        def send(self, status: int, body: bytes, kind: str, more: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(more or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    return Handler


@contextmanager
def serve(people: dict[str, dict[str, Any]]) -> Iterator[Provider]:
    """Run a provider that knows these people."""
    provider = Provider(people)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(provider))
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""Who may send the app a request: not another page, not without the printed address, not signed out."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from pages.frame import uploads
from pages.frame.door import Door
from pipelines.admin.keys import EndedSignIns, local_address, local_token
from pipelines.admin.sign_in import SignIn

TOKEN = "t" * 40
HOST = "http://127.0.0.1:8501"
SECRET = "s" * 40
AUTH = {"redirect_uri": "https://curator.example/oauth2callback", "cookie_secret": SECRET}
UPLOAD = "/_stcore/upload_file/session/file"


async def behind(request: Request) -> JSONResponse:
    await request.body()
    return JSONResponse({"cookies": request.cookies})


async def stream(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("in")
    await socket.close()


def client(
    auth: dict[str, str] | None = None,
    *,
    host: str = HOST,
    project: Path | None = None,
    may_upload: Callable[[str], bool] = lambda who: who == "ana@example.org",
) -> TestClient:
    door = Middleware(
        Door,
        token=TOKEN,
        auth=None if auth is None else SignIn(auth),
        ended=EndedSignIns(project),
        may_upload=may_upload,
    )
    routes: list[Any] = [
        WebSocketRoute("/_stcore/stream", stream),
        Route("/{path:path}", behind, methods=["GET", "PUT", "DELETE"]),
    ]
    return TestClient(Starlette(routes=routes, middleware=[door]), base_url=host, follow_redirects=False)


def signed(who: str) -> dict[str, str]:
    claims = {"origin": "https://curator.example", "is_logged_in": True, "email": who, "email_verified": True}
    value = create_signed_value(SECRET, "_streamlit_user", json.dumps(claims)).decode()
    return {"Cookie": f"_streamlit_user={value}"}


def connects(app: TestClient, **headers: str) -> bool:
    try:
        with app.websocket_connect(f"ws{str(app.base_url)[4:]}/_stcore/stream", headers=headers) as socket:
            return socket.receive_text() == "in"
    except WebSocketDisconnect:
        return False


def test_without_the_printed_address_only_the_pulse_answers() -> None:
    app = client()
    assert app.get("/_stcore/health").status_code == 200
    for path in ("/", "/queue", "/media/a.csv", "/_stcore/host-config", "/_stcore/metrics", "/static/x.js"):
        answer = app.get(path)
        assert answer.status_code == 403, path
        assert "curator app" in answer.text
    assert app.get("/?token=wrong").status_code == 403
    assert app.put(f"{UPLOAD}?token={TOKEN}").status_code == 403  # an address is opened, not written to
    assert app.put(UPLOAD).status_code == 403
    assert not connects(app)


def test_the_printed_address_gives_a_cookie_and_forgets_the_token() -> None:
    app = client()
    answer = app.get(f"/queue?dataset=a%26b&token={TOKEN}&page=2")
    assert (answer.status_code, answer.headers["location"]) == (303, "/queue?dataset=a%26b&page=2")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert app.get("/queue").status_code == 200
    assert connects(app)
    assert app.get(f"{HOST}//other.example/x?token={TOKEN}").headers["location"].startswith("/other.example")


def test_a_project_keeps_its_token_to_itself(tmp_path: Path) -> None:
    token = local_token(tmp_path)
    assert token == local_token(tmp_path) != local_token(tmp_path / "another")
    assert local_address(tmp_path, 8501) == f"http://127.0.0.1:8501/?token={token}"
    file = tmp_path / ".streamlit" / "local_token"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_project_that_may_only_be_read_has_a_token_for_this_process_and_its_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURATOR_LOCAL_TOKEN", "")
    (tmp_path / ".streamlit").write_text("no folder can be made here", encoding="utf-8")
    token = local_token(tmp_path)
    assert len(token) >= 32
    assert local_token(tmp_path) == token == os.environ["CURATOR_LOCAL_TOKEN"]


@pytest.mark.parametrize("auth", [None, AUTH])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "http://localhost:8501"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"},
    ],
)
def test_what_another_page_sends_is_turned_away(auth: dict[str, str] | None, headers: dict[str, str]) -> None:
    app = client(auth)
    app.cookies.set("curator_8501", TOKEN)
    assert connects(app, Origin=HOST)
    assert not connects(app, **headers)
    for method in ("GET", "PUT", "DELETE"):
        assert app.request(method, UPLOAD, headers=headers).status_code == 403
    assert app.get("/", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}).status_code == 200


@pytest.mark.parametrize("host", ["http://curator.evil.example", "http://192.0.2.1:8501", "http://127.0.0.1.example"])
def test_this_machine_answers_by_its_own_names_alone(host: str) -> None:
    assert client(host=host).get(f"/?token={TOKEN}").status_code == 403
    assert client(host="http://localhost:8501").get(f"/?token={TOKEN}").status_code == 303


def test_behind_a_proxy_the_configured_address_may_connect() -> None:
    assert connects(client(AUTH, host="http://10.0.0.7:8501"), Origin="https://curator.example")


def test_nobody_uploads_who_has_not_signed_in_or_may_not_bring_in_data() -> None:
    app = client(AUTH)
    forged = {"Cookie": "_streamlit_user=" + signed("ana@example.org")["Cookie"].partition("=")[2][:-3] + "abc"}
    for headers in ({}, forged, signed("rev@example.org")):
        for method in ("PUT", "DELETE"):
            assert app.request(method, UPLOAD, headers=headers).status_code == 403
            assert app.request(method, f"/queue{UPLOAD}", headers=headers).status_code == 403
    assert app.put(UPLOAD, content=b"x", headers=signed("ana@example.org")).status_code == 200


def test_uploads_are_limited_for_one_and_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "ONE", 100)
    monkeypatch.setattr(uploads, "ALL", 250)
    app = client(AUTH, may_upload=lambda _: True)

    def put(who: str, file: str, size: int) -> int:
        content = b"x" * size
        return app.put(f"/_stcore/upload_file/s/{who}-{file}", content=content, headers=signed(who)).status_code

    assert [put("a@example.org", "1", 60), put("a@example.org", "2", 60)] == [200, 413]
    assert put("a@example.org", "1", 90) == 200  # the same file again takes the place of the first
    assert [put("b@example.org", "1", 100), put("c@example.org", "1", 100)] == [200, 413]
    assert put("c@example.org", "1", 50) == 200


def test_a_length_that_is_none_counts_as_the_largest(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = uploads.Uploads()
    for declared in (None, "-5", "²", "many", "9" * 400):
        assert ledger.reserve("a", "s/1", declared) is None
    monkeypatch.setattr(uploads, "ONE", 1_000)
    assert ledger.reserve("b", "s/2", None) is not None
    ledger.settle("s/1", taken=False)
    assert ledger.reserve("a", "s/3", "1000") is None


def test_a_cookie_is_good_for_nothing_once_somebody_has_signed_out_with_it(tmp_path: Path) -> None:
    ana, ben = signed("ana@example.org"), signed("ben@example.org")
    app = client(AUTH, project=tmp_path)
    assert "_streamlit_user" in app.get("/", headers=ana).json()["cookies"]
    app.get("/auth/logout", headers=ana)
    for server in (app, client(AUTH, project=tmp_path)):  # also after a restart
        copied = {"Cookie": f"other=1; {ana['Cookie']}"}
        assert server.get("/", headers=copied).json()["cookies"] == {"other": "1"}
        assert server.put(UPLOAD, headers=ana).status_code == 403
        assert "_streamlit_user" in server.get("/", headers=ben).json()["cookies"]


def test_a_sign_in_in_parts_ends_as_a_whole(tmp_path: Path) -> None:
    app = client(AUTH, project=tmp_path)
    parts = {"Cookie": "_streamlit_user=chunks-2; _streamlit_user__1=abc; _streamlit_user__2=def"}
    app.get("/auth/logout", headers=parts)
    assert app.get("/", headers=parts).json()["cookies"] == {}
    other = {"Cookie": parts["Cookie"].replace("def", "xyz")}
    assert "_streamlit_user" in app.get("/", headers=other).json()["cookies"]

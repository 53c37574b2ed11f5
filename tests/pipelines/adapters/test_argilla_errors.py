"""What the adapter says when no Argilla server answers, or another server does. The real one: tests/argilla."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from curator.errors import ReviewBoardError
from pipelines.adapters.argilla import ArgillaBoard
from tests.cli.command import Curator, make_project

Answers = Callable[[str, str], tuple[int, str]]
USER = {
    "id": "6f1c1b6e-0000-4000-8000-000000000001",
    "username": "owner",
    "role": "owner",
    "first_name": "O",
    "inserted_at": "2026-01-01T00:00:00",
    "updated_at": "2026-01-01T00:00:00",
}
SPACE = {
    "id": "6f1c1b6e-0000-4000-8000-000000000002",
    "name": "curator",
    "inserted_at": "2026-01-01T00:00:00",
    "updated_at": "2026-01-01T00:00:00",
}


class Scripted:
    """A server on loopback that says what the test wants."""

    def __init__(self, answers: Answers) -> None:
        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                self.rfile.read(int(self.headers.get("content-length") or 0))
                status, body = answers(self.command, self.path)
                data = body.encode()
                self.send_response(status)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = _answer

            def log_message(self, *arguments: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def scripted() -> Iterator[Callable[[Answers], str]]:
    """Start servers that end with the test; returns their addresses."""
    started: list[Scripted] = []

    def start(answers: Answers) -> str:
        started.append(Scripted(answers))
        return started[-1].url

    yield start
    for one in started:
        one.close()


def argilla(records: Callable[[], tuple[int, str]]) -> Answers:
    """As much of Argilla as a board needs to open; `records` answers what comes after."""

    def answers(method: str, path: str) -> tuple[int, str]:
        if path == "/api/v1/me":
            return 200, json.dumps(USER)
        if path == "/api/v1/me/workspaces":
            return 200, json.dumps({"items": [SPACE]})
        return records()

    return answers


def unused_address() -> str:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def test_no_server_at_the_address_says_which_and_what_to_do() -> None:
    url = unused_address()
    with pytest.raises(ReviewBoardError, match="no Argilla server answers") as error:
        ArgillaBoard(url, "key", "curator")
    assert url in str(error.value)
    assert "ARGILLA_API_URL" in str(error.value)


@pytest.mark.parametrize("url", ["", "not an address", "ftp://127.0.0.1/", "http://["])
def test_an_address_that_is_none_is_no_crash(url: str) -> None:
    with pytest.raises(ReviewBoardError, match=r"ARGILLA_API_URL|not as an Argilla"):
        ArgillaBoard(url, "key", "curator")


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, "<html>a web page</html>", "not as an Argilla 2 server"),
        (200, '{"hello": 1}', "not as an Argilla 2 server"),
        (200, "[]", "not as an Argilla 2 server"),
        (401, '{"detail": "Unauthorized"}', "the key is wrong"),
        (403, "{}", "owner"),
        (404, "nothing here", "check the address"),
        (500, "oh no", "the server failed"),
        (502, "bad gateway", "the server failed"),
    ],
)
def test_each_answer_that_is_none_says_what_to_do(
    scripted: Callable[[Answers], str], status: int, body: str, said: str
) -> None:
    url = scripted(lambda method, path: (status, body))
    with pytest.raises(ReviewBoardError, match=said) as error:
        ArgillaBoard(url, "key", "curator")
    assert url in str(error.value)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (409, "{}", "made by somebody else"),
        (422, '{"detail": "bad name"}', "bad name"),
        (200, '{"items": [{"id": 1}]}', "not as an Argilla 2 server"),
        (200, '{"items": null}', "not as an Argilla 2 server"),
        (200, "null", "not as an Argilla 2 server"),
    ],
)
def test_a_refusal_after_the_greeting_is_as_clear(
    scripted: Callable[[Answers], str], status: int, body: str, said: str
) -> None:
    url = scripted(argilla(lambda: (status, body)))
    with closing(ArgillaBoard(url, "key", "curator")) as board, pytest.raises(ReviewBoardError, match=said):
        board.find("a dataset")


@pytest.fixture
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Curator, str]:
    """A project with a plan, and nothing of Argilla in the environment."""
    for name in ("ARGILLA_API_URL", "ARGILLA_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    curator, _ = make_project(tmp_path)
    return curator, curator.ok("plan", "--dataset", "support", "--reviews", 20)["plan"]


def test_without_address_or_key_the_command_says_what_is_missing(
    planned: tuple[Curator, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    curator, plan = planned
    for arguments in (("route", "--plan", plan, "--to", "argilla"), ("pull", "--plan", plan, "--from", "argilla")):
        keyless = curator(*arguments)
        assert keyless.code == 2
        assert "ARGILLA_API_KEY" in keyless.out
        with monkeypatch.context() as patched:
            patched.setenv("ARGILLA_API_KEY", "key")
            assert "ARGILLA_API_URL" in curator(*arguments).out


def test_a_server_that_is_down_ends_the_command_with_4(
    planned: tuple[Curator, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    curator, plan = planned
    monkeypatch.setenv("ARGILLA_API_URL", unused_address())
    monkeypatch.setenv("ARGILLA_API_KEY", "key")
    for arguments in (("route", "--plan", plan, "--to", "argilla"), ("pull", "--plan", plan, "--from", "argilla")):
        assert curator(*arguments).code == 4


def test_a_plan_that_was_never_routed_is_pulled_from_the_native_queue(planned: tuple[Curator, str]) -> None:
    curator, plan = planned
    assert curator.ok("pull", "--plan", plan)["pulled"] == 0
    assert curator("pull", "--plan", plan, "--from", "elsewhere").code == 2
    assert curator("route", "--plan", plan, "--to", "elsewhere").code == 2
    assert curator("pull", "--plan", "no such plan").code == 2

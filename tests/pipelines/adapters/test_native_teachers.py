"""Anthropic's and Google's teachers, through their real SDKs against servers of their protocols on loopback."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from curator.errors import RequestError, TeacherError
from curator.ports import PaidTeacher, TokenPrice
from curator.records import Example, Message, Task, TextPart, make_task
from pipelines import wiring
from pipelines.intake import label
from pipelines.intake.label import LabelConfig
from pipelines.runtime.settings import Settings
from storage.dataset import datasets, examples, labels
from storage.engine.store import Store

KEY = "secret-key-1234"
SCHEMA = {
    "type": "object",
    "properties": {"total": {"type": "number"}},
    "required": ["total"],
    "additionalProperties": False,
}
INVOICE = make_task({"name": "t", "kind": "extraction", "schema": SCHEMA, "rubric": "Read the total."})
PICTURE = "data:image/png;base64,iVBORw0KGgo="
Reply = tuple[int, dict[str, Any]]
Asked = list[tuple[str, dict[str, Any]]]


@contextmanager
def serve(reply: Callable[[dict[str, Any]], Reply]) -> Iterator[tuple[str, Asked]]:
    """A server that answers each body, and what it was asked: (path, body)."""
    asked: Asked = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((self.path, body))
            status, said = reply(body)
            given = self.headers.get("x-goog-api-key") or self.headers.get("Authorization", "").removeprefix("Bearer ")
            if given != KEY:
                status, said = 401, {"error": {"message": f"bad key {given}", "type": "authentication_error"}}
            data = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            if status == 429:
                self.send_header("Retry-After", "2")
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def claude(text: str, stop: str = "end_turn") -> dict[str, Any]:
    usage = {"input_tokens": 10, "output_tokens": 5, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 100}
    about = {"id": "m", "type": "message", "role": "assistant", "model": "x", "stop_sequence": None, "usage": usage}
    thought = {"type": "thinking", "thinking": "hm", "signature": "s"}
    return {**about, "stop_reason": stop, "content": [thought, {"type": "text", "text": text}]}


def gemini(text: str, finish: str = "STOP") -> dict[str, Any]:
    parts = [{"text": "hm", "thought": True}, {"text": text}]
    usage = {"promptTokenCount": 110, "candidatesTokenCount": 3, "thoughtsTokenCount": 2}
    content = {"role": "model", "parts": parts}
    return {"candidates": [{"content": content, "finishReason": finish}], "usageMetadata": usage}


@pytest.fixture
def settings(store: Store, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("ANTHROPIC_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.setenv(name, KEY)
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    return Settings(store.folder, store.path, prices={n: TokenPrice(1.0, 2.0) for n in ("anthropic:c", "gemini:g")})


def teacher(name: str, url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch, task: Task) -> PaidTeacher:
    variable = {"anthropic:c": "ANTHROPIC_BASE_URL", "gemini:g": "GOOGLE_GEMINI_BASE_URL"}[name]
    monkeypatch.setenv(variable, url)
    made = wiring.teacher(settings, task, name)
    assert not made.offline
    return made


@pytest.mark.parametrize(("name", "said"), [("anthropic:c", claude), ("gemini:g", gemini)])
def test_rows_are_labelled_under_the_providers_name_without_what_it_thought(
    name: str, said: Callable[[str], dict[str, Any]], store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets.create(store, "d", INVOICE)
    rows = [
        Example(f"e{n}", "d", str(n), f"h{n}", (Message("user", (TextPart(f"r {n}"),)),), f"r {n}") for n in range(3)
    ]
    examples.add(store, rows)
    with serve(lambda body: (200, said('{"total": 7}'))) as (url, asked):
        by = teacher(name, url, settings, monkeypatch, INVOICE)
        report = label.run(LabelConfig("d"), store, by)
        assert label.run(LabelConfig("d"), store, by).already == 3
    assert (report.labeled, report.labeler, len(asked)) == (3, name, 3)
    row = labels.frame(store, "d").row(0, named=True)
    assert (row["value"], row["version"]) == ('{"total":7}', url.removeprefix("http://"))
    assert (row["tokens_in"], row["tokens_out"]) == (110, 5)
    paid_in = 20 if name == "anthropic:c" else 110  # a token read from Claude's cache costs a tenth
    assert row["cost_usd"] == pytest.approx((paid_in + 2 * 5) / 1e6)


def test_claude_is_asked_for_the_schema_with_the_rubric_first_for_its_cache(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(lambda body: (200, claude('{"total": 7}'))) as (url, asked):
        by = teacher("anthropic:c", url, settings, monkeypatch, INVOICE)
        prompt = by.form.shared + "a receipt"  # type: ignore[attr-defined]
        by.ask(prompt, sample=0, idempotency="i", images=[PICTURE, "https://example.org/a.jpg"])
    ((path, body),) = asked
    assert path == "/v1/messages"
    shared, row, one, two = body["messages"][0]["content"]
    assert (shared["text"] + row["text"], shared["cache_control"]) == (prompt, {"type": "ephemeral"})
    assert row["text"] == "a receipt"
    assert one["source"] == {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    assert two["source"] == {"type": "url", "url": "https://example.org/a.jpg"}
    assert body["output_config"]["format"]["schema"] == SCHEMA


def test_gemini_is_asked_for_the_schema_with_images(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(lambda body: (200, gemini('{"total": 7}'))) as (url, asked):
        by = teacher("gemini:g", url, settings, monkeypatch, INVOICE)
        by.ask("p", sample=0, idempotency="i", images=[PICTURE, "https://example.org/a.png"])
    ((path, body),) = asked
    assert path.endswith("/models/g:generateContent")
    text, one, two = body["contents"][0]["parts"]
    assert text == {"text": "p"}
    assert one == {"inlineData": {"data": "iVBORw0KGgo=", "mime_type": "image/png"}}  # the API takes both spellings
    assert set(two["fileData"].values()) == {"https://example.org/a.png", "image/png"}
    assert body["generationConfig"]["responseMimeType"] == "application/json"
    assert body["generationConfig"]["temperature"] == 0.0


@pytest.mark.filterwarnings("ignore:SOME_NEW_WORD")
@pytest.mark.parametrize(
    ("name", "said", "status"),
    [
        ("anthropic:c", claude("no", "refusal"), "refused"),
        ("anthropic:c", claude('{"tot', "max_tokens"), "truncated"),
        ("anthropic:c", claude("", "end_turn"), "empty"),
        ("anthropic:c", claude("let me look", "pause_turn"), "truncated"),
        ("gemini:g", gemini("no", "SAFETY"), "filtered"),
        ("gemini:g", gemini('{"tot', "MAX_TOKENS"), "truncated"),
        ("gemini:g", gemini("", "STOP"), "empty"),
        ("gemini:g", gemini("hm", "SOME_NEW_WORD"), "truncated"),
        ("gemini:g", {"promptFeedback": {"blockReason": "SAFETY"}}, "filtered"),
    ],
)
def test_what_is_no_whole_answer_says_so(
    name: str, said: dict[str, Any], status: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(lambda body: (200, said)) as (url, _asked):
        by = teacher(name, url, settings, monkeypatch, INVOICE)
        assert by.ask("p", sample=0, idempotency="i").status == status


@pytest.mark.parametrize("name", ["anthropic:c", "gemini:g"])
def test_trouble_says_whether_to_ask_again(name: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    trouble = {"code": 0, "message": "trouble", "status": "TROUBLE", "type": "api_error"}
    code = 0
    with serve(lambda body: (code, {"type": "error", "error": trouble})) as (url, asked):
        by = teacher(name, url, settings, monkeypatch, INVOICE)
        found = {}
        for code in (429, 503, 400):
            answer = by.ask("p", sample=0, idempotency="i")
            found[code] = (answer.status, answer.again, answer.wait_s)
    assert found == {429: ("failed", "busy", 2.0), 503: ("failed", "fault", None), 400: ("failed", None, None)}
    assert len(asked) == 3, "each is sent once"
    with serve(lambda body: (200, {})) as (url, _):
        pass
    gone = teacher(name, url, settings, monkeypatch, INVOICE).ask("p", sample=0, idempotency="i")
    assert (gone.status, gone.again) == ("failed", "fault")


@pytest.mark.parametrize("name", ["anthropic:c", "gemini:g"])
def test_a_form_that_the_model_does_not_take_is_left_out(
    name: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reply(body: dict[str, Any]) -> Reply:
        wants = "output_config" in body or "responseJsonSchema" in body.get("generationConfig", {})
        if wants:
            return 400, {"type": "error", "error": {"message": "this model takes no output_config schema", "code": 400}}
        return 200, (claude if name == "anthropic:c" else gemini)('{"total": 7}')

    with serve(reply) as (url, asked):
        by = teacher(name, url, settings, monkeypatch, INVOICE)
        assert [by.ask("p", sample=0, idempotency="i").status for _ in range(2)] == ["answered", "answered"]
    assert len(asked) == 3


@pytest.mark.parametrize("name", ["anthropic:c", "gemini:g"])
def test_a_wrong_key_ends_the_run_and_is_never_told(
    name: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "wrong-key-99")
    monkeypatch.setenv("GEMINI_API_KEY", "wrong-key-99")
    with serve(lambda body: (200, {})) as (url, _asked):
        by = teacher(name, url, settings, monkeypatch, INVOICE)
        with pytest.raises(TeacherError, match="check the key") as caught:
            by.ask("p", sample=0, idempotency="i")
    assert "wrong-key-99" not in str(caught.value)
    assert "***" in str(caught.value)
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.delenv("GEMINI_API_KEY")
    with pytest.raises(RequestError, match="needs a key in"):
        wiring.teacher(settings, INVOICE, name)

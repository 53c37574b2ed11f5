"""A loopback server that speaks enough of the chat completions protocol to be asked for labels."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-test"
PAGE = "<html>please sign in</html>"
"""As an answer, it is sent in place of a completion."""
Reply = tuple[int, str]


@dataclass(slots=True)
class FakeOpenAI:
    """`reply` gives (status, answer or error) for a prompt and how often it was asked before.

    Where the order of requests under way at once would decide, `by_body` gives it from the whole request instead.
    """

    reply: Callable[[str, int], Reply]
    url: str = ""
    asked: Counter[str] = field(default_factory=Counter)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    finish: str = "stop"
    refusal: str | None = None
    logprobs: list[tuple[str, float]] = field(default_factory=list)
    by_body: Callable[[dict[str, Any]], Reply] | None = None


@contextmanager
def serve(reply: Callable[[str, int], Reply]) -> Iterator[FakeOpenAI]:
    """The server for the length of a block."""
    fake = FakeOpenAI(reply)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            content = body["messages"][-1]["content"]
            asked = content if isinstance(content, str) else content[0]["text"]
            text = asked.rpartition("Text:\n")[2]
            with lock:
                before = fake.asked[text]
                fake.asked[text] += 1
                fake.bodies.append(body)
            status, said = fake.by_body(body) if fake.by_body else fake.reply(text, before)
            if self.headers["Authorization"] != f"Bearer {KEY}":
                status, said = 401, "Incorrect API key provided"
            if said == PAGE:
                return self._send(200, PAGE.encode(), "text/html")
            sent = _completion(body, said, fake) if status == 200 else {"error": {"message": said}}
            return self._send(status, json.dumps(sent).encode(), "application/json")

        def _send(self, status: int, data: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _completion(body: dict[str, Any], answer: str, fake: FakeOpenAI) -> dict[str, Any]:
    message = {"role": "assistant", "content": answer} | ({"refusal": fake.refusal} if fake.refusal else {})
    choice = {"index": 0, "finish_reason": fake.finish, "message": message}
    if fake.logprobs and body.get("logprobs"):
        choice["logprobs"] = {
            "content": [{"token": t, "logprob": p, "bytes": None, "top_logprobs": []} for t, p in fake.logprobs]
        }
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "choices": [choice],
        "usage": {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14},
    }

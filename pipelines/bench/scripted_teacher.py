"""A teacher on loopback that speaks as OpenAI's server does, and knows the answers to one small task."""

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever asked was killed before the answer came; another error would be missed as an answer."""


class ScriptedTeacher:
    """A server that names the label whose word a prompt's last line holds."""

    def __init__(self, words: Mapping[str, str], *, otherwise: str) -> None:
        """Begin to listen on a free port.

        Args:
            words: Word -> label.
            otherwise: The label where no word is found.
        """
        self.asked = 0
        teacher = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                """Answer one request."""
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                prompt = str(body["messages"][-1]["content"])
                last = prompt.strip().rpartition("\n")[2] + prompt[-400:]
                label = next((label for word, label in words.items() if word in last), otherwise)
                teacher.asked += 1
                answer = {"role": "assistant", "content": label}
                made = {"id": "1", "object": "chat.completion", "created": 0, "model": body["model"]}
                made |= {"choices": [{"index": 0, "message": answer, "finish_reason": "stop"}]}
                made |= {"usage": {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11}}
                data = json.dumps(made).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing is logged."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

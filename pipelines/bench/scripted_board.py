"""A board on loopback that speaks as an Argilla 2 server does, as far as sending cards and reading answers asks.

It keeps its records in memory, can be put back to what it held before, and knows what people answer.
"""

import copy
import json
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

_WHEN = "2026-01-01T00:00:00"
_OWNER = {"id": str(uuid.UUID(int=1)), "username": "owner", "role": "owner"}
_DATED = {"inserted_at": _WHEN, "updated_at": _WHEN}
WORKSPACE = "curator"
Json = dict[str, Any]


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever asked was killed before the answer came."""


class ScriptedBoard:
    """A server with one workspace and its datasets."""

    def __init__(self) -> None:
        """Begin to listen on a free port."""
        self._lock = threading.Lock()
        self._datasets: dict[str, Json] = {}
        self._people: dict[str, Json] = {_OWNER["id"]: _OWNER}
        board = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                url = urlsplit(self.path)
                size = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(size)) if size else {}
                path = url.path.removeprefix("/api/v1/").split("/")
                query = {key: values[0] for key, values in parse_qs(url.query).items()}
                with board._lock:
                    status, made = board._asked(self.command, path, query, body)
                data = b"" if made is None else json.dumps(made).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

            def log_message(self, format: str, *args: object) -> None:
                """Nothing is logged."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
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

    def held(self) -> dict[str, Json]:
        """Everything that it holds, to be put back."""
        with self._lock:
            return copy.deepcopy(self._datasets)

    def put_back(self, held: Mapping[str, Json]) -> None:
        """Hold again what it held."""
        with self._lock:
            self._datasets = copy.deepcopy(dict(held))

    def rows(self) -> Counter[tuple[Any, ...]]:
        """Its cards, with what stands on them and who answered what, each with its number."""
        with self._lock:
            return Counter(
                (made["name"], made["status"], each["external_id"], json.dumps(each["fields"]),
                 json.dumps(each["metadata"], sort_keys=True), json.dumps(each["responses"], sort_keys=True))
                for made in self._datasets.values()
                for each in made["records"].values()
            )  # fmt: skip

    def answer(self, user: str, value_of: Callable[[Json], str | None]) -> int:
        """Let somebody answer the cards of which `value_of` gives an answer; returns how many."""
        ident = str(uuid.uuid5(uuid.NAMESPACE_URL, user))
        given = 0
        with self._lock:
            self._people[ident] = {"id": ident, "username": user, "role": "annotator"}
            for made in self._datasets.values():
                question = made["questions"][0]["name"]
                for record in made["records"].values():
                    value = value_of(record)
                    if value is not None:
                        said = {"user_id": ident, "status": "submitted", "values": {question: {"value": value}}}
                        record["responses"] = [said | _DATED]
                        given += 1
        return given

    def _asked(self, method: str, path: list[str], query: Mapping[str, str], body: Json) -> tuple[int, Any]:
        """The status and the answer to one request."""
        match method, path:
            case "GET", ["me"]:
                return 200, _OWNER | _DATED
            case "GET", ["users"]:
                return 200, {"items": [each | _DATED for each in self._people.values()]}
            case "GET", ["me", "workspaces"]:
                return 200, {"items": [{"id": str(uuid.UUID(int=2)), "name": WORKSPACE} | _DATED]}
            case "GET", ["me", "datasets"]:
                told = [{key: each[key] for key in each if key != "records"} for each in self._datasets.values()]
                return 200, {"items": told}
            case "POST", ["datasets"]:
                ident = str(uuid.uuid4())
                made = body | {"id": ident, "status": "draft", "questions": [], "records": {}}
                self._datasets[ident] = made
                return 201, {"id": ident}
            case _, ["datasets", ident, *rest] if ident in self._datasets:
                return self._of_dataset(method, ident, rest, query, body)
        return 404, {"detail": f"{method} {'/'.join(path)}"}

    def _of_dataset(
        self, method: str, ident: str, rest: list[str], query: Mapping[str, str], body: Json
    ) -> tuple[int, Any]:
        made = self._datasets[ident]
        records: dict[str, Json] = made["records"]
        match method, rest:
            case "DELETE", []:
                del self._datasets[ident]
            case "PATCH", []:
                made.update(body)
            case "PUT", ["publish"]:
                made["status"] = "ready"
            case "POST", ["questions"]:
                made["questions"].append(body | {"id": str(uuid.uuid4())})
            case "POST", ["fields" | "metadata-properties"]:
                pass
            case "GET", ["questions"]:
                return 200, {"items": made["questions"]}
            case "GET", ["records"]:
                start, most = int(query["offset"]), int(query["limit"])
                return 200, {"items": list(records.values())[start : start + most], "total": len(records)}
            case "POST", ["records", "search"]:
                return 200, {"items": [], "total": len(records)}
            case "PUT", ["records", "bulk"]:
                for item in body["items"]:
                    there = records.get(item["external_id"], {"id": str(uuid.uuid4()), "responses": []})
                    records[item["external_id"]] = there | item
            case "DELETE", ["records"]:
                gone = set(query["ids"].split(","))
                made["records"] = {key: each for key, each in records.items() if each["id"] not in gone}
            case _:
                return 404, {"detail": f"{method} datasets/{ident}/{'/'.join(rest)}"}
        return 200, {}

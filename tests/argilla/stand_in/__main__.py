"""The stand-in as a server on loopback: `python -m tests.argilla.stand_in PORT`. What it does not know, it refuses."""

import fnmatch
import json
import sys
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs, unquote

from tests.argilla.stand_in.index import Index
from tests.argilla.stand_in.mapping import EngineError, Json, bad

INFO = {
    "name": "stand-in",
    "cluster_name": "stand-in",
    "version": {"number": "8.7.0", "build_flavor": "default"},
    "tagline": "You Know, for Search",
}
Message = MutableMapping[str, Any]


class Engine:
    """All indices, and the calls that argilla-server makes."""

    def __init__(self) -> None:
        self.indices: dict[str, Index] = {}

    def answer(self, method: str, path: str, query: dict[str, list[str]], raw: bytes) -> tuple[int, Any]:
        """Status and JSON for one request.

        Raises:
            EngineError: A call that is refused or not known.
        """
        parts = [unquote(p) for p in path.strip("/").split("/") if p]
        if not parts:
            return 200, INFO
        if parts[-1] == "_bulk":
            lines = [json.loads(line) for line in raw.split(b"\n") if line.strip()]
            return 200, self._bulk(lines, parts[0] if len(parts) > 1 else None)
        if parts[-1] in ("_refresh", "_flush"):
            return 200, {"_shards": {"total": 1, "successful": 1, "failed": 0}}
        if parts[:2] == ["_cat", "indices"]:
            patterns = (parts[2] if len(parts) > 2 else "*").split(",")
            found = [i for i in self.indices.values() if any(fnmatch.fnmatchcase(i.name, p) for p in patterns)]
            return 200, [{"index": i.name, "docs.count": str(len(i.documents))} for i in found]
        body = json.loads(raw) if raw else {}
        if len(parts) == 1:
            return self._whole(method, parts[0], query, body)
        return self._inside(method, parts[0], parts[1:], query, body)

    def _index(self, name: str) -> Index:
        if name not in self.indices:
            raise EngineError(404, "index_not_found_exception", f"no such index [{name}]")
        return self.indices[name]

    def _whole(self, method: str, name: str, query: dict[str, list[str]], body: Json) -> tuple[int, Any]:
        match method:
            case "HEAD":
                return (200 if name in self.indices else 404), {}
            case "PUT":
                if name in self.indices:
                    raise bad(f"index [{name}] already exists", "resource_already_exists_exception")
                self.indices[name] = Index(name, body)
                return 200, {"acknowledged": True, "shards_acknowledged": True, "index": name}
            case "DELETE":
                if "ignore_unavailable" not in query:
                    self._index(name)
                self.indices.pop(name, None)
                return 200, {"acknowledged": True}
            case _:
                raise bad(f"unsupported call {method} /{name}", "illegal_argument_exception")

    def _inside(
        self, method: str, name: str, rest: list[str], query: dict[str, list[str]], body: Json
    ) -> tuple[int, Any]:
        index = self._index(name)
        match method, rest:
            case "PUT" | "POST", ["_mapping"]:
                index.mapping.put(body["properties"])
                return 200, {"acknowledged": True}
            case "GET" | "POST", ["_search"]:
                for key in ("size", "from"):
                    if key in query:
                        body[key] = int(query[key][0])
                if query.get("_source") == ["false"]:
                    body["_source"] = False
                return 200, index.search(body)
            case "GET" | "POST", ["_count"]:
                return 200, {"count": index.search({**body, "size": 0})["hits"]["total"]["value"]}
            case "POST", ["_update", key]:
                index.update(key, body.get("doc"), body.get("script"))
                return 200, {"_index": name, "_id": key, "result": "updated"}
            case _:
                raise bad(f"unsupported call {method} /{name}/{'/'.join(rest)}", "illegal_argument_exception")

    def _bulk(self, lines: list[Json], index: str | None) -> Json:
        items: list[Json] = []
        rest = iter(lines)
        for line in rest:
            ((operation, meta),) = line.items()
            key = str(meta.get("_id") or uuid.uuid4().hex)
            name = meta.get("_index") or index
            body = {} if operation == "delete" else next(rest)
            try:
                result = self._one(operation, self._index(str(name)), key, body)
            except EngineError as error:
                result = {"status": error.status, "error": {"type": error.kind, "reason": error.reason}}
            items.append({operation: {"_index": name, "_id": key, **result}})
        return {"took": 0, "errors": any("error" in next(iter(i.values())) for i in items), "items": items}

    def _one(self, operation: str, index: Index, key: str, body: Json) -> Json:
        match operation:
            case "index":
                created = index.index(key, body)
                return {"status": 201 if created else 200, "result": "created" if created else "updated"}
            case "update":
                index.update(key, body.get("doc"), body.get("script"))
                return {"status": 200, "result": "updated"}
            case "delete":
                gone = index.delete(key)
                return {"status": 200 if gone else 404, "result": "deleted" if gone else "not_found"}
            case _:
                raise bad(f"unsupported bulk operation [{operation}]")


def application(engine: Engine) -> Callable[..., Awaitable[None]]:
    """The engine as an ASGI application."""

    async def serve(
        scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        if scope["type"] != "http":
            return
        raw, more = b"", True
        while more:
            message = await receive()
            raw += message.get("body", b"")
            more = message.get("more_body", False)
        try:
            query = parse_qs(scope["query_string"].decode(), keep_blank_values=True)
            status, content = engine.answer(scope["method"], scope["path"], query, raw)
        except EngineError as error:
            cause = {"type": error.kind, "reason": error.reason}
            status, content = error.status, {"error": {"root_cause": [cause], **cause}, "status": error.status}
            sys.stderr.write(f"{scope['method']} {scope['path']}: {error.reason}\n")
        data = json.dumps(content).encode()
        accepted = dict(scope["headers"]).get(b"accept", b"")
        kind = accepted if b"vnd.elasticsearch" in accepted else b"application/json"
        headers = [
            (b"content-type", kind),
            (b"x-elastic-product", b"Elasticsearch"),
            (b"content-length", str(len(data)).encode()),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else data})

    return serve


if __name__ == "__main__":
    import uvicorn

    app = application(Engine())
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False, lifespan="off")

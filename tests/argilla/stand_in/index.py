"""One index in memory: documents, updates and searches."""

import copy
from typing import Any

from tests.argilla.stand_in.mapping import EngineError, Json, Mapping, bad
from tests.argilla.stand_in.queries import compiled

SEARCH_KEYS = {"query", "from", "size", "sort", "_source", "track_total_hits"}
WINDOW = 10_000


class Index:
    """An index. A document that does not fit its mapping is refused."""

    def __init__(self, name: str, body: Json) -> None:
        self.name = name
        self.settings: Json = body.get("settings") or {}
        self.mapping = Mapping(body.get("mappings") or {})
        self.documents: dict[str, Json] = {}

    def index(self, key: str, source: Json) -> bool:
        """Store a document. True if it is new."""
        self.mapping.check(source)
        new = self.documents.pop(key, None) is None
        self.documents[key] = source
        return new

    def delete(self, key: str) -> bool:
        """True if it was there."""
        return self.documents.pop(key, None) is not None

    def update(self, key: str, doc: Json | None, script: Json | str | None) -> None:
        """Merge a part into a document, or run one of the scripts that argilla-server sends."""
        if key not in self.documents:
            raise EngineError(404, "document_missing_exception", f"[{key}]: document missing")
        source = copy.deepcopy(self.documents[key])
        if doc is not None:
            _merge(source, doc)
        if script is not None:
            _run(source, script)
        self.index(key, source)

    def search(self, body: Json) -> Json:
        """Answer a search. An unknown part of the request is an error."""
        if unknown := sorted(set(body) - SEARCH_KEYS):
            raise bad(f"unknown key {unknown}")
        start, size = body.get("from") or 0, 10 if body.get("size") is None else body["size"]
        if start + size > int(self.settings.get("max_result_window", WINDOW)):
            raise bad("Result window is too large", "illegal_argument_exception")
        matches = compiled(body.get("query") or {"match_all": {}}, self.mapping)
        hits = [(key, source) for key, source in self.documents.items() if matches(key, source)]
        for order in reversed(body.get("sort") or []):
            hits = self._sorted(hits, order)
        shown = hits[start : start + size]
        return {
            "took": 0,
            "timed_out": False,
            "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
            "hits": {
                "total": {"value": len(hits), "relation": "eq"},
                "max_score": None,
                "hits": [
                    {"_index": self.name, "_id": key, "_score": 1.0}
                    | ({"_source": source} if body.get("_source", True) else {})
                    for key, source in shown
                ],
            },
        }

    def _sorted(self, hits: list[tuple[str, Json]], order: Json) -> list[tuple[str, Json]]:
        ((field, given),) = order.items()
        if self.mapping.kind(field) is None:
            raise bad(f"No mapping found for [{field}] in order to sort on", "query_shard_exception")
        descending = (given if isinstance(given, str) else given.get("order")) == "desc"
        keyed: list[tuple[list[Any], tuple[str, Json]]] = [(self.mapping.values(h[1], field), h) for h in hits]
        pick = max if descending else min
        there = sorted([k for k in keyed if k[0]], key=lambda k: pick(k[0]), reverse=descending)
        return [h for _, h in there] + [h for values, h in keyed if not values]


def _merge(into: Json, new: Json) -> None:
    for name, value in new.items():
        head, _, rest = name.partition(".")
        given = {rest: value} if rest else value
        if isinstance(given, dict) and (rest or isinstance(into.get(head), dict)):
            _merge(into.setdefault(head, {}), given)
        else:
            into[head] = given


def _run(source: Json, script: Json | str) -> None:
    """Put or drop one response: the only scripts that Curator's use of the server brings about."""
    text = script if isinstance(script, str) else str(script.get("source", ""))
    if isinstance(script, str) or "ctx._source.responses" not in text or "params.response.id" not in text:
        raise bad(f"unsupported script: {text[:80]}", "script_exception")
    response = script["params"]["response"]
    kept = [r for r in source.get("responses") or [] if r["id"] != response["id"]]
    source["responses"] = [*kept, response] if "responses.add(params.response)" in text else kept

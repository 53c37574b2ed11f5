"""The queries that argilla-server 2.8 sends, as functions of a document."""

import fnmatch
import re
from collections.abc import Callable
from typing import Any

from tests.argilla.stand_in.mapping import Json, Mapping, bad, flat, normal

Matches = Callable[[str, Json], bool]
WORD = re.compile(r"\w+")


def words(text: Any) -> set[str]:
    """Lower-case words of a text."""
    return {w.lower() for w in WORD.findall(str(text))}


def compiled(query: Json, mapping: Mapping) -> Matches:
    """The query as a function of (id, document).

    Raises:
        EngineError: A query that the stand-in does not know.
    """
    if len(query) != 1:
        raise bad(f"query malformed: {sorted(query)}")
    ((kind, body),) = query.items()
    match kind:
        case "match_all":
            return lambda key, source: True
        case "bool":
            return _bool(body, mapping)
        case "term":
            ((field, value),) = body.items()
            return _terms(field, [value["value"] if isinstance(value, dict) else value], mapping)
        case "terms":
            ((field, values),) = body.items()
            return _terms(field, values, mapping)
        case "range":
            return _range(body, mapping)
        case "exists":
            return lambda key, source: bool(mapping.values(source, body["field"]))
        case "ids":
            wanted = {str(v) for v in body["values"]}
            return lambda key, source: key in wanted
        case "nested":
            return _nested(body, mapping)
        case "function_score":  # orders by chance; what matches does not change
            return compiled(body["query"], mapping)
        case "simple_query_string":
            return _text(body, mapping)
        case _:
            raise bad(f"unknown query [{kind}]")


def _bool(body: Json, mapping: Mapping) -> Matches:
    if unknown := sorted(set(body) - {"must", "filter", "should", "must_not", "minimum_should_match"}):
        raise bad(f"[bool] query does not support {unknown}")

    def clause(name: str) -> list[Matches]:
        given = body.get(name) or []
        return [compiled(q, mapping) for q in (given if isinstance(given, list) else [given])]

    must, should, never = clause("must") + clause("filter"), clause("should"), clause("must_not")
    needed = int(body.get("minimum_should_match") or (1 if should and not must else 0))
    return lambda key, source: (
        all(f(key, source) for f in must)
        and not any(f(key, source) for f in never)
        and sum(f(key, source) for f in should) >= needed
    )


def _terms(field: str, values: list[Any], mapping: Mapping) -> Matches:
    kind = mapping.kind(field)
    if kind is None:
        return lambda key, source: False
    wanted = {normal(kind, v) for v in values}
    return lambda key, source: not wanted.isdisjoint(mapping.values(source, field))


def _range(body: Json, mapping: Mapping) -> Matches:
    ((field, limits),) = body.items()
    kind = mapping.kind(field)
    if kind is None:
        return lambda key, source: False
    low, high = (None if limits.get(end) is None else normal(kind, limits[end]) for end in ("gte", "lte"))
    return lambda key, source: any(
        (low is None or v >= low) and (high is None or v <= high) for v in mapping.values(source, field)
    )


def _nested(body: Json, mapping: Mapping) -> Matches:
    path, inner = body["path"], compiled(body["query"], mapping)
    if mapping.kind(path) != "nested":
        raise bad(f"[nested] failed to find nested object under path [{path}]", "query_shard_exception")
    return lambda key, source: any(inner(key, {path: x}) for x in flat(source.get(path)))


def _text(body: Json, mapping: Mapping) -> Matches:
    """All words of the query, in any text field each. Operators are refused: nothing here sends them."""
    if re.search(r'[-+|"*()~]', body["query"]):
        raise bad(f"the stand-in searches for plain words, not {body['query']!r}")
    patterns, wanted = body.get("fields", ["*"]), words(body["query"])
    every = str(body.get("default_operator", "or")).lower() == "and"

    def matches(key: str, source: Json) -> bool:
        fields = [f for f in mapping.text_fields() if any(fnmatch.fnmatchcase(f, p) for p in patterns)]
        there = {w for f in fields for v in mapping.values(source, f) for w in words(v)}
        return bool(wanted) and (wanted <= there if every else not wanted.isdisjoint(there))

    return matches

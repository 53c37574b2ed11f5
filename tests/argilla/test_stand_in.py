"""The search engine's stand-in answers as the engine does, and refuses what it does not know."""

import json
from typing import Any

import pytest

from tests.argilla.stand_in.__main__ import Engine
from tests.argilla.stand_in.index import Index
from tests.argilla.stand_in.mapping import EngineError

MAPPINGS = {
    "dynamic": "strict",
    "properties": {
        "id": {"type": "keyword"},
        "fields.text": {"type": "text"},
        "inserted_at": {"type": "date_nanos"},
        "score": {"type": "float"},
        "metadata": {"dynamic": False, "type": "object"},
        "responses": {
            "type": "nested",
            "dynamic": False,
            "properties": {"id": {"type": "keyword"}, "status": {"type": "keyword"}, "user": {"type": "keyword"}},
        },
    },
}
SCRIPT = "ctx._source.responses.removeIf(r -> r.id == params.response.id); ctx._source.responses.add(params.response)"


@pytest.fixture
def index() -> Index:
    made = Index("rows", {"mappings": MAPPINGS})
    made.index(
        "1", {"id": "1", "fields": {"text": "A refund, please"}, "inserted_at": "2026-01-02T00:00:00", "score": 0.1}
    )
    made.index("2", {"id": "2", "fields": {"text": "Where is it"}, "inserted_at": "2026-01-01T00:00:00Z", "score": 0.9})
    made.index(
        "3", {"id": "3", "fields": {"text": "A parcel"}, "responses": [{"id": "r", "status": "draft", "user": "u"}]}
    )
    return made


def found(index: Index, query: dict[str, Any], **more: Any) -> list[str]:
    return [hit["_id"] for hit in index.search({"query": query, **more})["hits"]["hits"]]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"match_all": {}}, ["1", "2", "3"]),
        ({"term": {"id": "2"}}, ["2"]),
        ({"term": {"id": {"value": "2"}}}, ["2"]),
        ({"terms": {"id": ["1", "3", "9"]}}, ["1", "3"]),
        ({"range": {"score": {"gte": 0.1, "lte": 0.5}}}, ["1"]),
        ({"range": {"inserted_at": {"lte": "2026-01-01T12:00:00"}}}, ["2"]),
        ({"exists": {"field": "score"}}, ["1", "2"]),
        ({"ids": {"values": ["3"]}}, ["3"]),
        ({"nested": {"path": "responses", "query": {"term": {"responses.status": "draft"}}}}, ["3"]),
        ({"bool": {"must_not": [{"term": {"id": "1"}}]}}, ["2", "3"]),
        ({"bool": {"should": [{"term": {"id": "1"}}, {"term": {"id": "2"}}]}}, ["1", "2"]),
        ({"bool": {"must": [{"match_all": {}}], "should": [{"term": {"id": "1"}}]}}, ["1", "2", "3"]),
        ({"bool": {"should": [{"ids": {"values": ["1"]}}, {"term": {"id": "1"}}], "minimum_should_match": 2}}, ["1"]),
        ({"simple_query_string": {"query": "a PARCEL", "fields": ["fields.*"], "default_operator": "AND"}}, ["3"]),
        ({"term": {"no.such.field": "1"}}, []),
    ],
)
def test_queries_find_what_they_should(index: Index, query: dict[str, Any], ids: list[str]) -> None:
    assert found(index, query) == ids


def test_hits_are_sorted_with_missing_values_last_and_cut_to_a_page(index: Index) -> None:
    everything: dict[str, Any] = {"match_all": {}}
    assert found(index, everything, sort=[{"inserted_at": "asc"}]) == ["2", "1", "3"]
    assert found(index, everything, sort=[{"score": {"order": "desc"}}]) == ["2", "1", "3"]
    assert found(index, everything, size=1, **{"from": 1}) == ["2"]
    assert index.search({"query": everything, "size": 1})["hits"]["total"]["value"] == 3


@pytest.mark.parametrize(
    "body",
    [
        {"query": {"more_like_this": {}}},
        {"query": {"bool": {"boost": 1}}},
        {"query": {"simple_query_string": {"query": "a -b"}}},
        {"query": {"nested": {"path": "fields", "query": {"match_all": {}}}}},
        {"sort": [{"nothing": "asc"}]},
        {"aggs": {}},
        {"from": 9_999, "size": 10},
    ],
)
def test_what_is_not_known_is_refused(index: Index, body: dict[str, Any]) -> None:
    with pytest.raises(EngineError):
        index.search(body)


def test_a_strict_mapping_refuses_unknown_fields_and_wrong_types(index: Index) -> None:
    for document in ({"other": 1}, {"score": "much"}, {"responses": "none"}, {"id": {"a": 1}}, {"inserted_at": "soon"}):
        with pytest.raises(EngineError):
            index.index("4", document)
    assert index.index("4", {"metadata": {"anything": 1}})
    with pytest.raises(EngineError, match="cannot be changed"):
        index.mapping.put({"score": {"type": "text"}})


def test_updates_merge_and_a_script_puts_one_response_in_the_place_of_the_old(index: Index) -> None:
    index.update("1", {"fields": {"text": "other"}, "score": 0.2}, None)
    assert index.documents["1"]["fields"] == {"text": "other"}
    response = {"id": "r", "status": "submitted", "user": "u"}
    index.update("3", None, {"source": SCRIPT, "params": {"response": response}})
    assert index.documents["3"]["responses"] == [response]
    with pytest.raises(EngineError, match="unsupported script"):
        index.update("3", None, {"source": "ctx._source.remove('id')"})
    with pytest.raises(EngineError, match="missing"):
        index.update("9", {}, None)


def test_a_bulk_request_reports_each_failure_and_does_the_rest() -> None:
    engine = Engine()
    engine.answer("PUT", "/rows", {}, json.dumps({"mappings": MAPPINGS}).encode())
    lines = [
        {"index": {"_index": "rows", "_id": "1"}},
        {"id": "1"},
        {"index": {"_index": "rows", "_id": "2"}},
        {"unknown": "2"},
        {"delete": {"_index": "rows", "_id": "9"}},
        {"update": {"_index": "gone", "_id": "1"}},
        {"doc": {}},
    ]
    _, done = engine.answer("POST", "/_bulk", {}, "\n".join(json.dumps(x) for x in lines).encode())
    assert [next(iter(i.values()))["status"] for i in done["items"]] == [201, 400, 404, 404]
    assert done["errors"]
    assert list(engine.indices["rows"].documents) == ["1"]


def test_the_server_knows_its_calls_and_refuses_others() -> None:
    engine = Engine()
    assert engine.answer("HEAD", "/rows", {}, b"")[0] == 404
    engine.answer("PUT", "/rows", {}, b"{}")
    assert engine.answer("HEAD", "/rows", {}, b"")[0] == 200
    assert engine.answer("GET", "/_cat/indices/r*", {}, b"")[1] == [{"index": "rows", "docs.count": "0"}]
    for method, path in (("PUT", "/rows"), ("GET", "/rows"), ("POST", "/rows/_analyze"), ("GET", "/other/_count")):
        with pytest.raises(EngineError):
            engine.answer(method, path, {}, b"{}")

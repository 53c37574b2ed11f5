"""JSON answers field by field: what was found, what was missed, what was made up, with typed equality."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curator.records import json_form, read_exact, write_exact

Leaf = tuple[str, str]
"""A field's path (`lines[].price`) and its value in one spelling."""

ITEM = "[]"
"""How a path goes into an array, whatever the place: `tags[]` is each tag."""


@dataclass(frozen=True, slots=True)
class FieldCounts:
    """One answer against the true one, or many together.

    Attributes:
        hits: Fields with the true value.
        missed: True values that the answer lacks.
        made_up: Values of the answer that are not true. A wrong value counts in both.
    """

    hits: int
    missed: int
    made_up: int


@dataclass(frozen=True, slots=True)
class ReadJson:
    """An answer as JSON: its leaves with how often each stands there; None where it is none."""

    leaves: Counter[Leaf] | None


def read_answer(text: str | None) -> ReadJson:
    """The leaves of a JSON answer.

    A leaf is a value that holds no other: a text, number, truth value or null, or an empty object or array. Numbers
    are equal by value (1.0 is 1), and a text is never a number. The place in an array counts for nothing, how often a
    value stands there does.

    >>> sorted(read_answer('{"b": [1.0, "1"], "a": null}').leaves)
    [('a', 'null'), ('b[]', '"1"'), ('b[]', '1')]
    """
    if text is None:
        return ReadJson(None)
    try:
        value = read_exact(text)
    except ValueError:
        return ReadJson(None)
    found: Counter[Leaf] = Counter()
    _walk(value, "", found)
    return ReadJson(found)


def _walk(value: Any, path: str, found: Counter[Leaf]) -> None:  # noqa: ANN401 - any JSON
    if isinstance(value, Mapping) and value:
        for key, each in value.items():
            _walk(each, f"{path}.{key}" if path else str(key), found)
    elif isinstance(value, list) and value:
        for each in value:
            _walk(each, path + ITEM, found)
    else:
        found[path or "(whole)", json_form(write_exact(value))] += 1


def count_fields(truth: ReadJson, said: ReadJson) -> FieldCounts:
    """Compare an answer with the true one, leaf by leaf; what is no JSON has no leaf."""
    true, given = truth.leaves or Counter(), said.leaves or Counter()
    hits = sum((true & given).values())
    return FieldCounts(hits, sum(true.values()) - hits, sum(given.values()) - hits)


def count_by_field(truth: Sequence[ReadJson], said: Sequence[ReadJson]) -> dict[str, FieldCounts]:
    """Path -> counts over all answers, the most frequent in truth first."""
    total: dict[str, list[int]] = {}
    for each, other in zip(truth, said, strict=True):
        true, given = each.leaves or Counter(), other.leaves or Counter()
        both = true & given
        for place, counted in enumerate((both, true - both, given - both)):
            for (path, _), n in counted.items():
                total.setdefault(path, [0, 0, 0])[place] += n
    ordered = sorted(total.items(), key=lambda item: (-item[1][0] - item[1][1], item[0]))
    return {path: FieldCounts(*counts) for path, counts in ordered}


def label_set(answer: ReadJson, path: str) -> frozenset[str]:
    """The values at one path, as a set of labels."""
    return frozenset(value for (where, value) in (answer.leaves or ()) if where == path)


def set_path(schema: Mapping[str, Any] | None) -> str | None:
    """The path of the one array that the schema calls a set of labels (`uniqueItems`), or None.

    >>> set_path({"type": "array", "uniqueItems": True})
    '[]'
    >>> set_path({"properties": {"tags": {"type": "array", "uniqueItems": True}}})
    'tags[]'
    """
    if schema is None:
        return None
    if _is_set(schema):
        return ITEM
    properties = schema.get("properties")
    inner = properties if isinstance(properties, Mapping) else {}
    found = [name for name, each in inner.items() if isinstance(each, Mapping) and _is_set(each)]
    return f"{found[0]}{ITEM}" if len(found) == 1 else None


def _is_set(schema: Mapping[str, Any]) -> bool:
    items = schema.get("items")
    holds = items.get("type") if isinstance(items, Mapping) else None
    return schema.get("uniqueItems") is True and holds not in ("object", "array")

"""Fields of a row that a format leaves among its other columns: taken by their usual names, or by `--map`."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from curator.records import DEFAULT_COLUMNS, Given, GivenLabel

_FIELDS = ("id", "group", "split", "time")
_OF_LABEL = ("labeler", "confidence")


def lifted(given: Given, record: Mapping[str, Any], named: Mapping[str, str | None]) -> Given:
    """The row with its id, group, split and time, and its labels with labeler and confidence.

    Args:
        given: As the format gives it.
        record: The record that it is of.
        named: What a person said, field -> column; None switches a field off.
    """
    metadata, fields = dict(given.metadata), dict[str, Any]()
    for name in (*_FIELDS, *_OF_LABEL):
        if name in named:
            column = named[name]
            fields[name] = None if column is None else record.get(column)
            metadata.pop(column or "", None)
        elif name in _OF_LABEL or getattr(given, name) is None:
            column = next((c for c in DEFAULT_COLUMNS[name] if metadata.get(c) is not None and _plain(metadata[c])), "")
            if column and (name in _FIELDS or given.labels or (given.comparisons and name == "labeler")):
                fields[name] = metadata.pop(column)
    labels = tuple(_labelled(label, fields) for label in given.labels)
    who = fields.get("labeler")
    compared = tuple(each if each.labeler else replace(each, labeler=who) for each in given.comparisons)
    of_row = {name: value for name, value in fields.items() if name in _FIELDS}
    return replace(given, metadata=metadata, labels=labels, comparisons=compared, **of_row)


def _labelled(label: GivenLabel, fields: Mapping[str, Any]) -> GivenLabel:
    """What the format itself says of a label goes before the row's columns."""
    return replace(
        label,
        labeler=fields.get("labeler") if label.labeler is None else label.labeler,
        confidence=fields.get("confidence") if label.confidence is None else label.confidence,
    )


def _plain(value: Any) -> bool:  # noqa: ANN401 - raw JSON
    return isinstance(value, str | int | float)

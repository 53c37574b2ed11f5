"""Figures about a dataset as of a seq, kept so that a trend can be drawn: by version, or by the moment."""

import json
from typing import Any, TypeVar

import polars as pl

from curator.records import read_stored, short_id
from storage.engine.store import Store

_Form = TypeVar("_Form")


def add(
    store: Store, dataset: str, kind: str, content: dict[str, Any], *, as_of_seq: int, version: int | None = None
) -> None:
    """Append a figure; the same one of the same moment is stored once."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    record = pl.DataFrame(
        {
            "figure": [short_id("fig", [dataset, kind, version, as_of_seq, text])],
            "dataset": [dataset],
            "kind": [kind],
            "version": pl.Series([version], dtype=pl.Int32),
            "as_of_seq": [as_of_seq],
            "content": [text],
        }
    )
    store.append("figure", record, ignore_existing=True)


def newest(store: Store, dataset: str, kind: str, form: type[_Form]) -> _Form | None:
    """The newest figure of a kind, or None.

    Args:
        store: The store.
        dataset: Whose.
        kind: As it was added.
        form: The record that it was made of.
    """
    found = store.rows(
        "select content from figure where dataset = ? and kind = ? order by seq desc limit 1", [dataset, kind]
    )
    return read_stored(form, json.loads(found[0][0]), f"the figure {kind} of {dataset}") if found else None


def by_version(store: Store, dataset: str) -> pl.DataFrame:
    """What each version was when it was released, one line a version: version, and a column for each figure.

    Only versions that were finished; the accuracy of a version's students is in their evaluations.
    """
    rows = store.rows(
        "select f.version, f.content from figure f join dataset_version v on v.dataset = f.dataset and "
        "v.number = f.version where f.dataset = ? and f.kind = 'version' order by f.version, f.seq",
        [dataset],
    )
    by_number = {number: {"version": number, **json.loads(content)} for number, content in rows}
    return pl.DataFrame(list(by_number.values()), infer_schema_length=None)

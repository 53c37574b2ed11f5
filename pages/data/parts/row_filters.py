"""Which rows of a dataset a reader asks for: by label, by who set it, by text, by the columns that were kept."""

from collections.abc import Sequence

import polars as pl
import streamlit as st

from pages.frame.filters import containing
from pages.frame.words import BASES
from storage.views.where import kept_columns, kept_values, rows_where

_ALL = "(all)"
_VALUES = 200


def row_filters(rows: pl.DataFrame, labels: Sequence[str]) -> pl.DataFrame:
    """Draw the filters and return the rows of `storage.views.current.current` that pass them all.

    `labels` is empty where answers are free: there is no list to choose from.
    """
    with st.container(horizontal=True):
        label = st.selectbox("Label", [_ALL, *labels]) if labels else _ALL
        basis = st.selectbox("Set by", [_ALL, *rows["basis"].unique().sort()], format_func=lambda b: BASES.get(b, b))
        text = st.text_input("Text contains")
        asked = _kept(rows)
    for name, wanted in (("value", label), ("basis", basis)):
        rows = rows if wanted == _ALL else rows.filter(pl.col(name) == wanted)
    if asked is not None:
        rows, narrowed = rows_where(rows, [asked]) if rows.height else (rows, None)
        for note in narrowed.notes if narrowed else ():
            st.text(note)
    return containing(rows, text)


def _kept(rows: pl.DataFrame) -> str | None:
    """The column kept with the rows and the value that the reader chose, as COLUMN=VALUE; None where none is."""
    columns = kept_columns(rows)
    if not columns:
        return None
    column = st.selectbox("Column kept with the rows", [_ALL, *columns])
    if column == _ALL:
        return None
    found = kept_values(rows, column, _VALUES)
    counts = dict(found)
    value = st.selectbox(
        f"Its value ({len(found)}{' most frequent' * (len(found) == _VALUES)})",
        [_ALL, *counts],
        format_func=lambda each: f"{each} ({counts[each]:,} rows)" if each in counts else each,
        key=f"kept:{column}",
    )
    return None if value == _ALL else f"{column}={value}"

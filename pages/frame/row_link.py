"""From a row of a table to the page of that row."""

from collections.abc import Sequence

import polars as pl
import streamlit as st

_ROW = "pages/data/row.py"


def row_link(ids: pl.Series, chosen: Sequence[int]) -> None:
    """Draw the link to the row that is ticked; how to get one where none is."""
    if not chosen:
        st.text("Tick a row to see everything about it.")
        return
    name = str(ids[chosen[0]])
    st.page_link(_ROW, label="See everything about this row", icon=":material/article:", query_params={"row": name})

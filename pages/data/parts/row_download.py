"""The rows that a reader sees, as one file: what `curator export` writes."""

import tempfile
from pathlib import Path

import polars as pl
import streamlit as st

from curator.errors import CuratorError
from pages.frame.guard import permitted
from pages.frame.session import show_error
from pipelines.release import export
from pipelines.release.export import ExportConfig
from pipelines.runtime.settings import Settings
from storage.dataset import labels

_MADE = "row_download"


def download(settings: Settings, dataset: str, rows: pl.DataFrame, of: int) -> None:
    """Draw the choice of a file and, once it is made, the button that brings it to the reader."""
    if rows.is_empty() or not permitted("export"):
        return
    with st.expander(f"Download these rows ({rows.height:,} of {of:,})"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            form = st.selectbox("File", export.EXPORT_FORMS, key="download:form")
            choices = labels.choices(settings.store, dataset)
            labeler = st.selectbox("Labels where no person has spoken", choices, key="download:labeler")
            asked = st.button("Make the file")
        wanted = (dataset, form, labeler, rows["example_id"].hash().sum())
        if asked:
            try:
                st.session_state[_MADE] = (wanted, *_made(settings, dataset, rows, str(form), labeler))
            except CuratorError as error:
                show_error(error)
        kept = st.session_state.get(_MADE)
        if kept is None or kept[0] != wanted:
            return
        _, content, notes = kept
        for note in notes:
            st.text(note)
        name = f"{dataset}{form}"
        st.download_button(f"Download {name}", content, name, on_click="ignore", type="primary")


def _made(
    settings: Settings, dataset: str, rows: pl.DataFrame, form: str, labeler: str | None
) -> tuple[bytes, tuple[str, ...]]:
    with tempfile.TemporaryDirectory(prefix="curator-download-") as folder:
        only = frozenset(rows["example_id"].to_list())
        out = Path(folder) / f"{dataset}{form}"
        report = export.run(ExportConfig(dataset, out, labeler=labeler, only=only, download=True), settings.store)
        return out.read_bytes(), report.notes

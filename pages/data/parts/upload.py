"""From an uploaded file to a dataset: preview, mapping, labels, rubric, then the rows that were not taken."""

from pathlib import Path
from typing import Any, get_args

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from curator.errors import CuratorError
from curator.records import FIELDS, Split, TaskKind, make_task
from pages.frame.guard import permitted
from pages.frame.session import remember_dataset, show_error
from pages.frame.words import clipped
from pipelines.files import ENCODINGS
from pipelines.intake import ingest
from pipelines.intake.first_look import FirstLook, look_words
from pipelines.intake.ingest import IngestConfig, IngestReport, Source
from pipelines.intake.preview import Preview, keep_upload, preview, proposal_of, propose_labels, propose_schema
from pipelines.intake.words import ingest_words
from pipelines.runtime import acting
from pipelines.runtime.settings import Settings
from storage.access import audit
from storage.dataset import datasets

FIELD_NAMES = {
    "input": "Text (the input)",
    "label": "Label (the teacher's answer)",
    "id": "Row id",
    "group": "Group (rows that belong together)",
    "split": "Split (train or test)",
    "labeler": "Who labelled the row",
    "confidence": "The teacher's confidence",
    "time": "Time",
    "tools": "Tools that the model may call",
}
_SPLITS: dict[str, Split | None] = {
    "as the file says, else drawn": None,
    "all to train": "train",
    "all to test": "test",
}
_SPLIT_HELP = "Rows without a split are drawn, once and for good, by the first spot-check or release."
SOURCES: dict[Source, str] = {
    "teacher": "a teacher model",
    "expert": "a person",
    "production": "a running system",
    "import": "not known",
}
NONE = "(none)"
SEEN = "as the file shows it"
TYPES = ["csv", "tsv", "json", "jsonl", "ndjson", "parquet", "xlsx", "arrow", "conll", "gz", "zst", "bz2", "xz", "zip"]
_KEPT = "kept_upload"


def upload_form(settings: Settings) -> None:
    """Draw the steps; each appears when the one before it is done."""
    if not permitted("ingest"):
        st.text("An engineer, an analyst or an admin brings in data.")
        return
    file = st.file_uploader("CSV, JSON, Parquet or Excel, also packed", type=TYPES)
    if file is None:
        return
    try:
        path = _kept(settings, file)
        encoding = st.selectbox("Encoding of a text file", [SEEN, *ENCODINGS], key=f"{path}:encoding")
        found = preview(path, encoding=None if encoding == SEEN else encoding)
        mapping = _mapping(found) if found.look is None else _looked(found, found.look)
        if found.look is None and mapping["input"] is None:
            st.info("Choose the column with the text.")
            return
        definition = _task(found, mapping)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input("Name of the dataset", value=found.path.stem.lower().replace(" ", "-"))
            source = st.selectbox("Where are these labels from?", list(SOURCES), format_func=lambda each: SOURCES[each])
            usual = source if found.look is None else ""
            labeler = st.text_input(
                "Who gave these labels?",
                value=usual,
                placeholder="as the file says" if found.look is not None else "",
                key=f"{found.path}:{source}:labeler",
            )
            split = _SPLITS[st.selectbox("What are these rows for?", list(_SPLITS), help=_SPLIT_HELP)]
        missing = "schema" if definition["kind"] == "extraction" and "schema" not in definition else ""
        if missing:
            st.info("An extraction needs the JSON schema of an answer: it says what may be answered, and what not.")
        if st.button("Create the dataset", type="primary", disabled=not name.strip() or bool(missing)):
            by = (source, labeler.strip() or usual or None)
            _create(settings, name.strip(), by, split, found, mapping, definition)
    except CuratorError as error:
        show_error(error)


def _kept(settings: Settings, file: UploadedFile) -> Path:
    """Where the upload lies in the project; it is written once, not whenever the page is drawn."""
    known = st.session_state.get(_KEPT)
    if known is None or known[0] != file.file_id or not known[1].exists():
        st.session_state[_KEPT] = known = (file.file_id, keep_upload(settings.project, file.name, file.getvalue()))
    path: Path = known[1]
    return path


def _looked(found: Preview, look: FirstLook) -> dict[str, str | None]:
    """Show what would come in of another tool's file; its columns are known."""
    for words in (*look_words(look), *found.notes):
        st.text(words)
    st.dataframe(list(look.shown), height=240)
    if look.refused:
        st.text("Rows that would not be taken, the first of them:")
        for line in look.refused:
            st.text(line)
    return {}


def _mapping(found: Preview) -> dict[str, str | None]:
    """Show the first rows and let the reader say which column is what; None where none is."""
    st.text(f"The first {len(found.rows)} rows")
    st.dataframe(list(found.rows), height=240)
    for note in found.notes:
        st.text(note)
    st.subheader("Which column is what?", anchor=False)
    options = [NONE, *found.columns]
    chosen: dict[str, str | None] = {}
    columns = st.columns(4)
    for number, field in enumerate(FIELDS):
        proposed = found.mapping.get(field)
        index = options.index(proposed) if proposed in options else 0
        column = columns[number % 4].selectbox(FIELD_NAMES[field], options, index=index, key=f"{found.path}:{field}")
        chosen[field] = None if column == NONE else column  # none is none, also where a column has the usual name
    others = [column for column in found.columns if column not in chosen.values()]
    if others:
        st.text(f"Kept with each row, to filter and to export: {clipped(', '.join(others))}.")
    return chosen


def _task(found: Preview, mapping: dict[str, str | None]) -> dict[str, Any]:
    """Let the reader say what the task is; labels are proposed from the column."""
    st.subheader("What is the task?", anchor=False)
    column = mapping.get("label")
    proposal = None if column is None else propose_labels(found.path, column, found.encoding)
    if found.look is not None and found.look.values:
        proposal = proposal_of(found.look)
    usual = "text" if found.answered or found.look is not None else "classification"
    kinds = list(get_args(TaskKind))
    # The column is in the key: another column is another proposal.
    key = f"{found.path}:kind:{column}"
    kind = st.segmented_control("Kind", kinds, default=proposal.kind if proposal else usual, key=key)
    definition: dict[str, Any] = {"name": found.path.stem, "kind": kind or usual}
    if definition["kind"] == "classification":
        counts = proposal.counts if proposal else ()
        rows = [{"label": label, "rows": str(count), "definition": ""} for label, count in counts]
        st.text("Labels found in the column. Delete the ones that are mistakes; rows with another label are rejected.")
        edited = st.data_editor(
            rows or [{"label": "", "rows": "0", "definition": ""}],
            num_rows="dynamic",
            disabled=["rows"],
            key=f"{found.path}:labels:{mapping.get('label')}",
        )
        named = [(str(row["label"] or "").strip(), str(row.get("definition") or "").strip()) for row in edited]
        definition["labels"] = {label: meaning for label, meaning in named if label}
    if definition["kind"] == "extraction":
        proposed = propose_schema(value for value, _ in proposal.counts) if proposal else None
        schema = st.text_area(
            "JSON schema of an answer",
            value=proposed or "",
            placeholder='{"type": "object", …}',
            help="Proposed from the answers that are there: correct it.",
            key=f"{found.path}:schema:{column}",
        )
        if schema.strip():
            definition["schema"] = schema
    if definition["kind"] == "sql":
        tables = st.text_area(
            "The database, as the prompt shows it", placeholder="CREATE TABLE …", key=f"{found.path}:database"
        )
        if tables.strip():
            definition["database"] = tables
    definition["rubric"] = st.text_area(
        "Rubric: how should a careful person decide?", placeholder="One or two sentences for each hard case."
    )
    left, right = st.columns(2)
    definition["max_error"] = left.number_input("Label error you can live with", 0.001, 0.5, 0.05, format="%.3f")
    definition["confidence"] = right.number_input("Confidence of the bound", 0.5, 0.999, 0.95, format="%.3f")
    return definition


def _create(
    settings: Settings,
    name: str,
    by: tuple[Source, str | None],
    split: Split | None,
    found: Preview,
    mapping: dict[str, str | None],
    definition: dict[str, Any],
) -> None:
    acting.require("ingest")
    task = make_task({**definition, "name": name})
    told = audit.telling(actor=acting.actor(), action="dataset", subject=name, task_hash=task.content_hash)
    datasets.create(settings.store, name, task, told=told)
    bar = st.progress(0.0, "Reading the rows")

    def show(done: int, total: int) -> None:
        bar.progress(done / max(total, 1), "Reading the rows")

    config = IngestConfig(name, (found.path,), mapping, by[0], by[1], split, found.encoding)
    report = ingest.run(config, settings.store, progress=show)
    bar.empty()
    st.session_state["ingested"] = report
    remember_dataset(name)
    st.rerun()


def show_ingested(report: IngestReport) -> None:
    """Show what became of the rows of the last upload."""
    columns = st.columns(3)
    columns[0].metric("Rows added", f"{report.added:,}", border=True)
    columns[1].metric("Labels added", f"{report.labels_added:,}", border=True)
    columns[2].metric("Rows rejected", f"{report.rejected:,}", border=True)
    for words in ingest_words(report)[1:]:
        st.text(words)
    if report.rejects_file:
        st.text("Rejected rows, each with its reason; the others are in.")
        st.dataframe([{"reason": reason, "rows": count} for reason, count in report.by_reason.items()])
        rejects = preview(Path(report.rejects_file), rows=200)
        st.dataframe(list(rejects.rows), height=240)

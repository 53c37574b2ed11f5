"""The files of a version: listed, looked into and brought to the reader; and what differs between two versions."""

import json
from itertools import islice
from pathlib import Path

import polars as pl
import streamlit as st

from curator.release import Manifest, diff_manifests
from pages.frame.guard import permitted
from pages.frame.words import GATES, clipped

_LINES, _CHARS = 20, 20_000
_MOST = 200 * 1024 * 1024
"""Bytes of a file that a browser is handed; what is larger lies in the folder."""


def show_files(folder: Path, manifest: Manifest) -> None:
    """Draw the list of files, the start of one, and a button that downloads it."""
    with st.expander(f"Files ({len(manifest.files):,})"):
        st.dataframe(
            [
                {"file": f.path, "rows": f.rows, "kB": round(f.bytes / 1000, 1), "SHA-256": f.sha256}
                for f in manifest.files
            ],
            hide_index=True,
            height=min(38 + 36 * len(manifest.files), 300),
        )
        chosen = st.selectbox("Look into a file", [f.path for f in manifest.files])
        fact = next(f for f in manifest.files if f.path == chosen)
        file = folder / fact.path
        if not file.is_file():
            st.error("The file is not there any more. Verify the files to see what else is missing.")
            return
        _preview(file)
        if not permitted("export"):
            st.text("An engineer or an admin takes data out.")
        elif fact.bytes > _MOST:
            st.text("It is too large for a download; it lies in the folder above.")
        elif st.button("Make it ready to download", key=f"ready:{file}"):
            name = f"{manifest.name}-{manifest.number}-{Path(chosen).name}"
            st.download_button(f"Download {name}", file.read_bytes(), name, on_click="ignore", type="primary")


def _preview(file: Path) -> None:
    """Draw the start of a file: rows of a table, lines of text. Inert, whatever stands there."""
    if file.suffix == ".parquet":
        st.dataframe(pl.read_parquet(file, n_rows=_LINES).cast(pl.String, strict=False), height=300)
        return
    with file.open(encoding="utf-8", errors="replace") as lines:
        start = [line.rstrip("\n") for line in islice(lines, _LINES if file.suffix == ".jsonl" else 400)]
    if file.suffix == ".jsonl":
        start = [_readable(line) for line in start[:3]]
    st.code(clipped("\n".join(start), _CHARS), language=None, height=300)


def _readable(line: str) -> str:
    try:
        return json.dumps(json.loads(line), ensure_ascii=False, indent=2)
    except ValueError:
        return line


def show_diff(old: Manifest, new: Manifest) -> None:
    """Draw what changed from one version to another."""
    found = diff_manifests(old, new)
    figures = {
        "added": len(found.added),
        "removed": len(found.removed),
        "relabelled": len(found.relabelled),
        "moved to another split": len(found.moved),
        "unchanged": found.unchanged,
    }
    st.text(f"From {found.old} to {found.new}, in rows:")
    st.dataframe([figures], hide_index=True, height="content")
    changed = [
        *({"id": r.external_id, "what": "relabelled", "before": r.old, "after": r.new} for r in found.relabelled),
        *({"id": r.external_id, "what": "moved", "before": r.old, "after": r.new} for r in found.moved),
        *({"id": r.external_id, "what": "added", "before": "", "after": r.label} for r in found.added),
        *({"id": r.external_id, "what": "removed", "before": r.label, "after": ""} for r in found.removed),
    ]
    if changed:
        st.dataframe(changed[:5_000], hide_index=True, height=min(38 + 36 * len(changed), 320))
    both = {**found.settings, **{GATES.get(k, k): v for k, v in found.gates.items()}, **found.certificate}
    labels = {f"rows of {name}": pair for name, pair in found.labels.items()}
    lines = [{"what": name, "before": str(a), "after": str(b)} for name, (a, b) in {**labels, **both}.items() if a != b]
    if lines:
        st.dataframe(lines, hide_index=True, height=min(38 + 36 * len(lines), 320))

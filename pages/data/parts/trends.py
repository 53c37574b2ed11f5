"""How a dataset's figures went from version to version."""

import altair as alt
import polars as pl
import streamlit as st

from storage.checks import figures
from storage.engine.store import Store
from storage.release import runs

_SHOWN = {
    "train_rows": ("Rows to train on", 1.0),
    "label_error_at_most": ("Label error at most, %", 100.0),
    "effective_clusters": ("As varied as so many even clusters", 1.0),
    "findings": ("Findings", 1.0),
    "accuracy": ("Student right on the test split, %", 100.0),
}


def trends(store: Store, dataset: str) -> None:
    """Draw a small chart for each figure that differs between versions; nothing before the second version."""
    found = figures.by_version(store, dataset)
    if found.height < 2:
        return
    found = found.join(_accuracy(store, dataset), on="version", how="left")
    drawn = {name: found.select("version", name).drop_nulls() for name in _SHOWN if name in found.columns}
    drawn = {name: part for name, part in drawn.items() if part[name].n_unique() > 1}  # a flat line says nothing
    if not drawn:
        return
    with st.container(border=True):
        st.text("From version to version")
        for column, (name, part) in zip(st.columns(len(drawn)), drawn.items(), strict=True):
            title, factor = _SHOWN[name]
            points = part.select("version", value=pl.col(name) * factor)
            values = [float(value) for value in points["value"]]
            around = [min(values), max(values)]
            chart = alt.Chart(points).mark_line(point=True, color="#3b6fd4")
            column.text(title)
            column.altair_chart(
                chart.encode(
                    x=alt.X("version:O", title=None, axis=alt.Axis(labelAngle=0)),
                    y=alt.Y(
                        "value:Q",
                        title=None,
                        scale=alt.Scale(domain=around, nice=True),
                        axis=alt.Axis(format=",.3~f", tickCount=3),
                    ),
                    tooltip=["version", alt.Tooltip("value:Q", format=",.3~f")],
                ).properties(height=120)
            )


def _accuracy(store: Store, dataset: str) -> pl.DataFrame:
    """The newest accuracy of each version's student: version, accuracy."""
    newest: dict[int, float] = {}
    for evaluation in runs.reports(store, dataset=dataset):  # newest first
        student = evaluation.report.contestants.get("student")
        if student is not None:
            newest.setdefault(evaluation.number, student.accuracy.value)
    schema = {"version": pl.Int64, "accuracy": pl.Float64}
    return pl.DataFrame({"version": list(newest), "accuracy": list(newest.values())}, schema=schema)

"""One evaluation on screen: the verdict, what curation bought, every contestant, the comparisons, the failures."""

from collections.abc import Mapping, Sequence

import altair as alt
import polars as pl
import streamlit as st

from curator.evaluation import EvalReport
from pages.frame.row_link import row_link
from pages.frame.words import CONTESTANTS, clipped, interval, p_value, percent, points

_LOCAL = "small local student"
UNKNOWN_ANSWER = "(no label of the task)"
_MEASURES = {
    "accuracy": "Accuracy",
    "agreement": "Agreement with the labels (no accuracy: people have not settled all)",
}
OUTCOMES = {
    "SHIP": (st.success, "SHIP: the student may replace what runs today."),
    "HOLD": (st.error, "HOLD: do not ship this student."),
    "NOT ENOUGH DATA": (st.info, "NOT ENOUGH DATA: nothing can be said yet."),
}


def show_report(report: EvalReport, reviewed_by: str) -> None:
    """Draw one stored evaluation, the answer first.

    Args:
        report: The evaluation.
        reviewed_by: Who reviewed the test rows.
    """
    draw, words = OUTCOMES.get(report.verdict.outcome, OUTCOMES["NOT ENOUGH DATA"])
    about = f" on {_name(report, report.verdict.subject)}" if report.verdict.subject else ""
    run = report.verdict.run
    told = run is not None and run not in CONTESTANTS  # a run that is called as its kind is says nothing more
    draw(f"Verdict{about}{f' ({run})' if told else ''}: {words}")
    if report.verdict.not_measured:
        st.text(f"Not measured, and no part of this verdict: {', '.join(report.verdict.not_measured)}.")
    if report.local_student:
        st.text(f"This is a {_LOCAL}, trained on this machine: its figures say nothing about a large model.")
    _bought(report)
    _contestants(report, reviewed_by)
    _comparisons(report)
    with st.expander("Why this verdict", expanded=True):
        gates = [(gate.passed, gate.detail) for gate in report.verdict.gates] or [
            (None, reason) for reason in report.verdict.reasons
        ]
        marks = {True: "passed", False: "FAILED", None: ""}
        for passed, detail in gates:
            st.text(f"{marks[passed]}: {detail}" if passed is not None else detail)
        if report.recommendation:
            named = report.recommendation.run
            of_run = f" ({named})" if named and named not in CONTESTANTS else ""
            st.text(f"Recommended: {_name(report, report.recommendation.name)}{of_run}.")
            st.text(report.recommendation.reason)
    wrong = len(report.failures) if report.wrong is None else report.wrong
    first = f", the first {len(report.failures):,} here" if wrong > len(report.failures) else ""
    with st.expander(f"Test rows that the student got wrong ({wrong:,}{first})"):
        picked = st.dataframe(
            [
                {"id": f.external_id, "text": clipped(f.text), "truth": f.truth, "student": f.answer}
                for f in report.failures
            ],
            on_select="rerun",
            selection_mode="single-row",
            key=f"failures:{report.version}:{report.verdict.run}",
        )
        row_link(pl.Series([f.external_id for f in report.failures], dtype=pl.String), picked.selection.rows)


def _name(report: EvalReport, contestant: str) -> str:
    found = report.contestants.get(contestant)
    local = report.local_student and found is not None and found.kind in ("sft", "dpo", "base")
    return CONTESTANTS.get(contestant, contestant) + (" (local)" if local else "")


def _bought(report: EvalReport) -> None:
    """The one number that says what the work on the data was worth."""
    found = next((c for c in report.comparisons if (c.a, c.b) == ("student", "raw")), None)
    if found is None:
        return
    with st.container(border=True):
        st.text(
            "What curation bought: the student on the curated release, against the same one on the teacher's raw labels"
        )
        left, right = st.columns([1, 2], vertical_alignment="center")
        left.metric("Accuracy", f"{100 * found.difference:+.1f} points", label_visibility="collapsed")
        low, high = 100 * found.low, 100 * found.high
        right.text(f"95 % interval {low:+.1f} to {high:+.1f} points; p {p_value(found.p)}; {found.n} test rows.")


def _contestants(report: EvalReport, reviewed_by: str) -> None:
    scores = pl.DataFrame(
        [
            {"contestant": _name(report, name), **{k: getattr(s.accuracy, k) for k in ("value", "low", "high")}}
            | {"invalid": s.invalid, "cut": s.cut, "n": s.n}
            for name, s in report.contestants.items()
        ]
    ).sort("value", descending=True)
    st.text(
        f"{_MEASURES[report.measure]} on {report.items:,} frozen test rows, with 95 % intervals. "
        + (f"{report.reviewed:,} of them reviewed, by {reviewed_by}." if report.reviewed else "Nobody reviewed them.")
    )
    if report.truth and report.truth.rows > report.items:
        st.warning(
            f"{report.truth.rows - report.items:,} rows of the frozen split are not scored. {report.truth.sentence()}."
        )
    order = scores["contestant"].to_list()
    base = alt.Chart(scores).encode(y=alt.Y("contestant:N", sort=order, title=None, axis=alt.Axis(labelLimit=280)))
    scale = alt.Scale(domain=[0, 1])
    bars = base.mark_bar(size=14, opacity=0.7).encode(
        x=alt.X("value:Q", axis=alt.Axis(format="%", tickCount=5), scale=scale, title=None)
    )
    whiskers = base.mark_rule(strokeWidth=3, color="#d97706").encode(x=alt.X("low:Q", scale=scale), x2="high:Q")
    st.altair_chart((bars + whiskers).properties(height=36 * scores.height + 30))
    st.dataframe(
        [
            {
                "who": row["contestant"],
                f"{report.measure} (95 % interval)": interval(row["value"], row["low"], row["high"]),
                "answers that are no answer": row["invalid"],
                "cut at the limit": row["cut"],
                "test rows": row["n"],
            }
            for row in scores.iter_rows(named=True)
        ]
    )


def _comparisons(report: EvalReport) -> None:
    if not report.comparisons:
        return
    first = report.comparisons[0].a
    st.text(f"{_name(report, first)} against each of the others, row by row on the same test rows")
    st.dataframe(
        [
            {
                "against": _name(report, c.b),
                "difference (95 % interval)": points(c.difference, c.low, c.high),
                "p (Holm)": p_value(c.p_holm),
                "smallest visible": percent(c.minimum_detectable).replace("%", "points"),
            }
            for c in report.comparisons
            if c.a == first
        ]
    )


def show_slices(report: EvalReport) -> None:
    """Draw the subject on parts of the test rows, the worst first."""
    told = [part for part in report.slices if part.score is not None]
    if not told:
        return
    with st.expander(f"Parts of the test rows, the worst first ({len(told):,})"):
        st.dataframe(
            [
                {
                    "where": f"{part.column} = {part.value}",
                    "rows": part.n,
                    "score (95 % interval)": interval(part.score.value, part.score.low, part.score.high),
                    "elsewhere": percent(part.elsewhere),
                    "p, worse here (Holm)": "" if part.p_holm is None else p_value(part.p_holm),
                }
                for part in told
                if part.score is not None
            ],
            hide_index=True,
        )


def confusion(truth: Mapping[str, str], answers: pl.DataFrame, labels: Sequence[str]) -> pl.DataFrame:
    """How often each label was answered for each: truth, answer, rows. What is no label is `UNKNOWN_ANSWER`.

    Args:
        truth: Example id -> label.
        answers: example_id, answer.
        labels: Of the task.
    """
    rows = answers.filter(pl.col("example_id").is_in(list(truth))).select(
        truth=pl.col("example_id").replace_strict(truth, return_dtype=pl.String),
        answer=pl.col("answer").str.strip_chars(),
    )
    known = pl.when(pl.col("answer").is_in(list(labels))).then("answer").otherwise(pl.lit(UNKNOWN_ANSWER))
    return rows.with_columns(answer=known).group_by("truth", "answer").len("rows").sort("truth", "answer")


def show_confusion(counts: pl.DataFrame) -> None:
    """Draw the matrix: a row for each true label, a column for each answer, and the confusions as a table."""
    total = pl.col("rows").sum().over("truth")
    drawn = counts.with_columns(share=pl.col("rows") / total)
    base = alt.Chart(drawn).encode(
        x=alt.X("answer:N", title="answered", axis=alt.Axis(labelAngle=-45, orient="top")),
        y=alt.Y("truth:N", title="true label"),
        tooltip=["truth", "answer", "rows", alt.Tooltip("share:Q", format=".1%")],
    )
    ground = base.mark_rect().encode(color=alt.Color("share:Q", scale=alt.Scale(scheme="purples"), legend=None))
    words = base.mark_text(fontSize=11).encode(
        text="rows:Q", color=alt.condition("datum.share > 0.5", alt.value("white"), alt.value("#4a4f63"))
    )
    side = 34 * max(counts["truth"].n_unique(), 3) + 80
    st.altair_chart((ground + words).properties(height=min(side, 640)))
    wrong = counts.filter(pl.col("truth") != pl.col("answer")).sort("rows", descending=True)
    if wrong.height:
        st.text("The most frequent confusions")
        st.dataframe(wrong.head(10), hide_index=True, height="content")

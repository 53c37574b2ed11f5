"""The certificate on screen: its document section by section, and what an acceptance plan lets through."""

import altair as alt
import polars as pl
import streamlit as st

from curator.certificates import LiveAnswer
from curator.errors import CuratorError
from curator.spot_checks import acceptance_plan, curve_rates, operating_characteristic
from curator.text import Document, as_html, as_markdown
from pages.frame.session import show_error
from pages.frame.words import percent, sentence

LOOKS = {"CERTIFIED": st.success, "UNCERTIFIED": st.error, "INCOMPLETE": st.info}


def show_document(made: Document) -> None:
    """Draw the document. Its titles are ours; every other text may come from data and is drawn inert."""
    LOOKS[made.status](made.status)
    for section in made.sections:
        st.subheader(section.title, anchor=False)
        for text in section.paragraphs:
            st.text(text)
        for point in section.points:
            st.text(f"• {point}")
        if section.table:
            columns = section.table.columns
            st.dataframe([dict(zip(columns, row, strict=True)) for row in section.table.rows])


def download_document(made: Document, name: str) -> None:
    """Offer the document as a file that prints, and as Markdown."""
    with st.container(horizontal=True):
        st.download_button(
            "Download to print (HTML)", as_html(made), f"{name}.html", "text/html", icon=":material/print:"
        )
        st.download_button(
            "Download as Markdown", as_markdown(made), f"{name}.md", "text/markdown", icon=":material/download:"
        )


def live_line(answer: LiveAnswer) -> None:
    """May we stop? In one line."""
    st.text(("You may stop: " if answer.may_stop else "May we stop? ") + sentence(answer.why))


def minutes_left(answers: int, seconds: float | None) -> str:
    """How long the rest of a review takes.

    >>> minutes_left(90, 4.0), minutes_left(3, 4.0), minutes_left(0, 4.0), minutes_left(5, None)
    ('About 6 minutes of review left, at 4.0 s an answer.', 'Less than a minute of review left.', '', '')
    """
    if not answers or seconds is None:
        return ""
    minutes = answers * seconds / 60
    if minutes < 1:
        return "Less than a minute of review left."
    return f"About {minutes:,.0f} minutes of review left, at {seconds:.1f} s an answer."


def acceptance() -> None:
    """Ask for the two rates and risks, and draw the plan's operating characteristic."""
    columns = st.columns(5)
    acceptable = columns[0].number_input("Good: error rate, %", 0.0, 50.0, 1.0, 0.5)
    limit = columns[1].number_input("Bad: error rate, %", 0.1, 99.0, 5.0, 0.5)
    producer = columns[2].number_input("Good is refused, %", 0.1, 49.0, 5.0, 1.0)
    consumer = columns[3].number_input("Bad passes, %", 0.1, 49.0, 5.0, 1.0)
    lot = columns[4].number_input("Rows in the batch", 1, 10_000_000, None, placeholder="any number")
    try:
        plan = acceptance_plan(
            acceptable=acceptable / 100,
            limit=limit / 100,
            producers_risk=producer / 100,
            consumers_risk=consumer / 100,
            lot=lot,
        )
    except CuratorError as error:
        show_error(error)
        return
    st.text(
        f"Review {plan.sample:,} rows drawn at random, and pass the batch where at most {plan.accept} are wrong. "
        f"A good batch is then refused with a chance of {percent(plan.producers_risk)}, a bad one passes with "
        f"{percent(plan.consumers_risk)}. A batch that passes is not certified."
    )
    points = operating_characteristic(plan, curve_rates(limit / 100))
    curve = pl.DataFrame({"error rate": [p.error_rate for p in points], "chance": [p.chance for p in points]})
    marks = pl.DataFrame({"error rate": [acceptable / 100, limit / 100], "what": ["good", "bad"]})
    rate = alt.X("error rate:Q", axis=alt.Axis(format=".1%"), title="true error rate of the batch")
    line = alt.Chart(curve).mark_line(strokeWidth=2).encode(
        x=rate, y=alt.Y("chance:Q", axis=alt.Axis(format=".0%"), title="chance of passing")
    )  # fmt: skip
    rules = alt.Chart(marks).mark_rule(strokeDash=[4, 4], color="#d97706").encode(x=rate, tooltip="what")
    st.altair_chart((line + rules).properties(height=280))
    st.dataframe(
        [{"true error rate": percent(p.error_rate, 2), "chance of passing": percent(p.chance)} for p in points[::4]]
    )

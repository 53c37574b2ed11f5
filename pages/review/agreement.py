"""Agreement: how far reviewers agree, where they err, and whether the teacher's answer leads them."""

import streamlit as st

from curator.errors import NotEnoughDataError
from curator.review import AgreementReport, Coefficient, Ratings, compare, ratings
from curator.review import agreement as measure
from pages.frame.guard import permitted, require_role
from pages.frame.session import dataset_page, lead_on
from pages.frame.words import interval, points
from pipelines.review import consensus
from storage.dataset import examples
from storage.review import plans
from storage.views import agreement as opinions

user = require_role("reviewer", "engineer", "analyst", "admin")
settings, dataset = dataset_page(user, "Agreement", "There are no reviews yet.")
if not plans.of_dataset(settings.store, dataset):
    lead_on("No spot-check has been drawn yet.", "pages/review/spot_check.py", "Make a spot-check")


def table(coefficients: tuple[Coefficient, ...], name: str) -> None:
    """Draw coefficients with their intervals; names are untrusted and stand in cells."""
    st.dataframe(
        [
            {name: c.name, "value": c.value, "from": c.low, "to": c.high, "rows": c.items, "note": c.note}
            for c in coefficients
        ],
        column_config={each: st.column_config.NumberColumn(format="%.3f") for each in ("value", "from", "to")},
        hide_index=True,
    )


def show_agreement(report: AgreementReport) -> None:
    """Draw every coefficient."""
    st.text(
        f"{report.items:,} rows, {report.raters} reviewers, {report.ratings:,} answers. Intervals are at 95 % "
        "confidence, by resampling rows. 1 is perfect; 0 is what chance alone would give (raw agreement aside)."
    )
    table(report.overall, "coefficient")
    for note in report.notes:
        st.info("High agreement can come with a low coefficient", icon=":material/info:")
        st.text(note)
    by_class, by_reviewer, by_pair = st.tabs(["By class", "By reviewer", "By pair: Cohen's kappa"])
    with by_class:
        st.text("Of two answers to one row, how often the second is this label where the first is.")
        table(report.by_class, "label")
    with by_reviewer:
        st.text("How often another answer to the same row is the reviewer's own. By name; this ranks nobody.")
        table(report.by_rater, "reviewer")
    with by_pair:
        table(report.by_pair, "pair")


def show_consensus(rated: Ratings) -> None:
    """Draw majority vote and the model side by side."""
    found = compare(rated)
    external = examples.external_ids(settings.store, [item for item, *_ in found.differ])
    st.text(
        f"{found.items:,} rows with two answers or more. A majority vote is tied on {found.ties:,} of them. The model "
        f"of Dawid and Skene, which learns how far each reviewer can be trusted with each label, chooses another label "
        f"than the vote on {len(found.differ):,}, and is less than 90 % sure of {found.unsure:,}."
    )
    if found.differ:
        rows = [
            {"row": external.get(item, item), "by vote": vote, "by the model": model, "how sure": probability}
            for item, vote, model, probability in found.differ
        ]
        st.dataframe(rows, hide_index=True)
    st.text("It can be a labeler of its own, with the model's chance as its confidence, to check and to plan.")
    if st.button("Make it a labeler", icon=":material/how_to_vote:", disabled=not permitted("decide")):
        report = consensus.run(consensus.ConsensusConfig(dataset), settings.store)
        st.success(
            f"Labelled {report.rows:,} rows as consensus; {len(report.need_a_person):,} need a person, since the model "
            "is less than 90 % sure of them."
        )


rated: Ratings | None = None
try:
    rated = ratings(opinions.ratings(settings.store, dataset))
    show_agreement(measure(rated, seed=0))
except NotEnoughDataError:
    rated = None
    st.text(
        "No row was answered by two people yet, so agreement cannot be told. Draw a spot-check that asks two people "
        "about each row: “People for each shared row”."
    )
    st.page_link("pages/review/spot_check.py", label="Draw a spot-check", icon=":material/verified:")

st.subheader("One answer from several", anchor=False)
try:
    if rated is None:
        st.text("Needs rows that two people have answered.")
    else:
        show_consensus(rated)
except NotEnoughDataError as error:
    st.text(str(error))

st.subheader("Errors where the truth is known", anchor=False)
st.text(
    "First answers to gold cards, and to rows that somebody else has adjudicated since. Disputed rows are harder than "
    "others, so this is no one's error rate on everyday rows. By name: this ranks nobody."
)
quality = opinions.quality(settings.store, dataset)
st.dataframe(
    [
        {
            "reviewer": q.reviewer,
            "errors": None if q.rate is None or q.low is None or q.high is None else interval(q.rate, q.low, q.high),
            "wrong": q.errors,
            "of": q.judged,
            "of these gold cards": q.gold,
            "answers in all": q.reviewed,
        }
        for q in quality
    ],
    hide_index=True,
)

st.subheader("Does a shown answer lead?", anchor=False)
try:
    effect = opinions.anchoring(settings.store, dataset)
    st.text(effect.words)
    st.text(f"Shown less hidden: {points(effect.difference, effect.low, effect.high)}")
except NotEnoughDataError as error:
    st.text(str(error))

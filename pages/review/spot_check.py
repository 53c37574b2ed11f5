"""Spot-check: draw rows for people to look at, follow the review, read what it proves."""

import streamlit as st

from curator.certificates import Certificate
from curator.errors import CuratorError
from curator.records import ESTIMATES
from curator.review import Staffing
from curator.spot_checks import price_in_words
from pages.frame.guard import allow, require_role
from pages.frame.session import dataset_page, show_error
from pages.frame.splits import test_share
from pages.frame.words import PURPOSES, STRATA, bound_in_words, percent, sentence, spot_check_names
from pages.review.parts.certificate_view import LOOKS, live_line, minutes_left
from pipelines.certify import facts as certificate_facts
from pipelines.certify import judge as certificates
from pipelines.review import plan as planning
from pipelines.review.plan import PlanConfig, PlanReport
from storage.dataset import labels
from storage.review import plans
from storage.views import progress

user = require_role("reviewer", "engineer", "analyst", "admin")
settings, dataset = dataset_page(user, "Spot-check", "There are no rows to check yet.")
labelers = labels.choices(settings.store, dataset)
found = plans.of_dataset(settings.store, dataset)


def show_certificate(certificate: Certificate) -> None:
    """Draw what the spot-check proves, and why."""
    LOOKS[certificate.status](
        f"{certificate.status}" + (f" (target: at most {percent(certificate.target, 2)})" if certificate.target else "")
    )
    for reason in certificate.why:
        st.text(sentence(reason))
    for name, bound in (("teacher", certificate.teacher_error), ("release", certificate.shipped_error)):
        st.text(f"Label error of the {name}: " + (bound_in_words(bound) if bound else "not known yet."))
    st.dataframe(
        [
            {
                "group": STRATA.get(s["name"], s["name"]),
                "rows": s["size"],
                "drawn": s["reviewed"],
                "answered": s["reviewed"] - s["unreviewed"],
                "wrong": s["errors"],
                "skipped": s["skipped"],
                "unsettled": s["unsettled"],
            }
            for s in sorted(
                certificate.strata, key=lambda s: list(STRATA).index(s["name"]) if s["name"] in STRATA else 9
            )
        ]
    )


def show_draw(report: PlanReport) -> None:
    """Say what the draw is worth, in each way to spend its reviews."""
    for note in report.notes:
        st.text(sentence(note))
    prices = report.claims.allocations if report.claims else ()
    target = report.claims.target if report.claims else None
    if prices:
        with st.expander("What so many reviews can show"):
            for price in prices:
                st.text(sentence(price_in_words(price)))
            if target is not None and any(price.upper > target for price in prices):
                st.text(
                    f"A bound above the target of {percent(target, 2)} certifies nothing: were so many labels wrong, "
                    "mistakes would have to be corrected first, or more rows reviewed."
                )


with st.expander("Draw a spot-check", expanded=not found), st.form("draw"):
    purpose = st.radio("What for?", list(PURPOSES), format_func=PURPOSES.__getitem__)
    columns = st.columns(3)
    labeler = columns[0].selectbox("Whose labels?", labelers)
    count = columns[1].number_input("Random rows", 1, 100_000, None, placeholder="as the target needs")
    overlap = columns[2].number_input("People for each shared row", 1, 20, 1)
    test = test_share(settings.store, dataset)
    with st.expander("More: suspect rows, several people, gold cards, seed"):
        people = st.columns(3)
        risky = people[0].number_input("Suspect rows besides", 0, 100_000, 0)
        blind = people[1].number_input(
            "Suspect rows shown blind, %", 0, 100, None, placeholder="20", help="To see whether a shown answer leads."
        )
        share = people[2].number_input("Share of rows shared, %", 0, 100, 100)
        quota = people[0].number_input("Most rows for one person", 1, 100_000, None, placeholder="no limit")
        gold = people[1].number_input("Gold cards", 0, 10_000, 0, help="Rows that people settled before, asked again.")
        seed = people[2].number_input("Seed", 0, 2**31 - 1, 0, help="The same seed draws the same rows.")
    if st.form_submit_button("Draw the spot-check", type="primary", disabled=not labelers or not allow(user, "plan")):
        staffing = Staffing(int(overlap), share / 100, int(gold), quota, None if blind is None else blind / 100)
        config = PlanConfig(
            dataset,
            purpose,
            labeler,
            count,
            risk_reviews=int(risky),
            seed=int(seed),
            staffing=staffing,
            test_share=test,
        )
        try:
            report = planning.run(config, settings.store)
            st.session_state["chosen_plan"] = report.plan
            st.session_state["drawn"] = report
            st.rerun()
        except CuratorError as error:
            show_error(error)
if (drawn := st.session_state.pop("drawn", None)) is not None:
    show_draw(drawn)
if not labelers:
    st.info("The dataset has no labels yet: bring in a file with labels, or let a teacher label it.")
if not found:
    st.stop()

names = spot_check_names(found)
wanted = st.session_state.get("chosen_plan")
index = list(names).index(wanted) if wanted in names else 0
chosen = st.selectbox("Spot-checks", list(names), index=index, format_func=names.__getitem__)
st.session_state["chosen_plan"] = chosen
now = progress.of_plan(settings.store, chosen)
st.progress(now.done / max(now.tasks, 1), f"{now.done} of {now.tasks} rows reviewed")
st.text(f"Reviewed by {', '.join(now.by_reviewer) or 'nobody yet'}.")
if now.left:
    if pace := minutes_left(now.answers_wanted - now.answers, now.median_seconds):
        st.text(pace)
    st.page_link("pages/review/queue.py", label=f"Review the {now.left} rows left", icon=":material/rate_review:")
if next(plan.purpose for plan in found if plan.id == chosen) in ESTIMATES:
    try:
        certificate = certificates.judge_newest(settings.store, dataset, plan=chosen)
        show_certificate(certificate)
        if certificate.status == "INCOMPLETE":
            live_line(certificate_facts.live(settings.store, chosen))
        st.page_link(
            "pages/review/certificate.py",
            label="Read, print and download the certificate",
            icon=":material/workspace_premium:",
        )
    except CuratorError as error:
        show_error(error)

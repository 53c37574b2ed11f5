"""What is where: of each spot-check its queue, who reviews it, how far and how fast, and what an Argilla server has."""

import streamlit as st

from curator.errors import CuratorError, without_password
from pages.frame.guard import require_role
from pages.frame.session import dataset_page, lead_on, show_error
from pages.frame.words import spot_check_names
from pipelines import wiring
from pipelines.review import boards
from storage.review import plans
from storage.views import queues as standing
from storage.views.queues import PlanStanding

user = require_role("reviewer", "engineer", "analyst", "admin")
settings, dataset = dataset_page(user, "What is where", "There is nothing to review yet.")
names = spot_check_names(plans.of_dataset(settings.store, dataset))
if not names:
    lead_on("No spot-check has been drawn yet.", "pages/review/spot_check.py", "Make a spot-check")
found = standing.of_dataset(settings.store, dataset)
QUEUES = {"native": "this app", "argilla": "Argilla"}


def short(plan: str) -> str:
    """Name a spot-check without whose labels it is about."""
    return names[plan].rsplit(", labels of ", 1)[0]


def age(seconds: float) -> str:
    """Write how long something has waited, or takes."""
    return f"{seconds / 60:.0f} min" if seconds >= 60 else "under a minute"


def row(each: PlanStanding) -> dict[str, str]:
    """One spot-check as a line of the table."""
    progress = each.progress
    answers = progress.answers_wanted - progress.answers
    return {
        "spot-check": short(each.plan),
        "queue": QUEUES.get(each.board, each.board),
        "reviewed": f"{progress.done:,} of {progress.tasks:,}",
        "reviewers": ", ".join(f"{who} {n:,}" for who, n in progress.by_reviewer.items()) or "nobody yet",
        "handed out": f"{sum(held.tasks for held in each.held):,}" if each.held else "none",
        "in the last hour": f"{each.last_hour:,}",
        "time left": age(answers * progress.median_seconds) if answers and progress.median_seconds else "",
        "last answer": each.last_answer or "",
    }


def ask_argilla(routed: list[PlanStanding]) -> None:
    """Ask the server for its own count, and say clearly where it does not answer."""
    try:
        with st.spinner("Asking the Argilla server"), wiring.review_board(settings) as board:
            said = boards.look(dataset or "", [each.plan for each in routed], board)
    except CuratorError as error:
        show_error(error)
        return
    st.success("The Argilla server answers.")
    st.dataframe(
        [
            {
                "spot-check": short(each.plan),
                "on the server": each.board_dataset if each.there else "not there: route it again",
                "cards": each.cards,
                "answered": each.answered,
                "drafts": each.drafts,
            }
            for each in said
        ]
    )


st.dataframe([row(each) for each in found])
holding = [(each.plan, held) for each in found for held in each.held]
if holding:
    st.text("Handed out and not answered yet; after 15 minutes a row goes to whoever asks next.")
    st.dataframe(
        [
            {"reviewer": held.reviewer, "rows": held.tasks, "oldest": age(held.oldest_s), "spot-check": short(plan)}
            for plan, held in holding
        ]
    )
st.page_link("pages/review/queue.py", label="Review in this app", icon=":material/rate_review:")

st.subheader("Argilla", anchor=False)
routed = [each for each in found if each.board == "argilla"]
server = settings.argilla_url or "none is set ([argilla] url in curator.toml, or ARGILLA_API_URL)"
st.text(f"Server: {without_password(server)}")
if routed:
    st.dataframe(
        [
            {
                "spot-check": short(each.plan),
                "last sent": (each.routed or {}).get("at", ""),
                "cards sent then": (each.routed or {}).get("added", 0),
                "refused then": (each.routed or {}).get("refused", 0),
                "last pulled": (each.pulled or {}).get("at", "never"),
                "answered when pulled": (each.pulled or {}).get("answered", 0),
            }
            for each in routed
        ]
    )
else:
    st.text("No spot-check was sent there. `curator route --plan ID --to argilla` sends one.")
if settings.argilla_url and st.button("Ask the server"):
    ask_argilla(routed)

"""The page of suspect labels: filters, one row at once, many after a confirmation, and undo."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from pages.data.parts import suspect_rows
from pages.data.parts.suspect_rows import SuspectFilters
from pages.frame import bulk
from pages.frame.guard import User
from pipelines.analysis import decide
from pipelines.runtime.settings import Settings
from storage.checks import findings
from storage.review import plans, reviews
from storage.views import current as views
from tests.sample_project import make_checked_project

ANA = User("ana", frozenset({"reviewer"}))
ROOT = Path(__file__).parents[3]


@pytest.fixture
def checked(project: Settings) -> Settings:
    return make_checked_project(project.project)


@pytest.fixture
def render(monkeypatch: pytest.MonkeyPatch) -> Callable[[], AppTest]:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("pages.frame.guard.is_loopback", lambda address: True)

    def suspects() -> AppTest:
        app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run()
        return app.switch_page("pages/data/suspects.py").run()

    return suspects


def listed(settings: Settings) -> pl.DataFrame:
    run = findings.newest_run(settings.store, "support")
    assert run is not None
    return suspect_rows.of_run(settings.store.path, "support", run.run, None)


def settled(settings: Settings) -> frozenset[str]:
    return suspect_rows.settled(settings.store.path, "support", views.state_seq(settings.store, "support"))


def texts(app: AppTest) -> str:
    return "\n".join(str(element.value) for kind in (app.text, app.success, app.error) for element in kind)


def everything(app: AppTest) -> AppTest:
    """Show the rows too whose label has more support than the suggestion."""
    return app.toggle[0].set_value(False).run()


def press(app: AppTest, label: str) -> AppTest:
    return next(b for b in app.button if b.label == label).click().run()


def test_the_rows_come_most_suspect_first_with_the_label_that_others_suggest(checked: Settings) -> None:
    rows = listed(checked)
    assert rows["score"].is_sorted(descending=True)
    assert rows["rank"].to_list() == list(range(1, rows.height + 1))
    assert (rows["label"] != rows["suggestion"]).all()
    wrong = {f"q{i}" for i in range(194, 200)}
    assert wrong <= set(rows["external_id"][:12])


def test_filters_leave_what_passes_all_of_them(checked: Settings) -> None:
    rows = listed(checked)
    label, suggestion, middle = rows["label"][50], rows["suggestion"][50], rows["score"][100]
    left = suspect_rows.matching(rows, SuspectFilters(labels=[label], suggestions=[suggestion], least=middle))
    assert set(left["label"]) == {label}
    assert set(left["suggestion"]) == {suggestion}
    assert (left["score"] >= middle).all()
    assert suspect_rows.matching(rows, SuspectFilters(text="PARCEL"))["text"].str.contains("(?i)parcel").all()
    assert suspect_rows.matching(rows, SuspectFilters()).equals(rows)


def test_at_first_only_rows_are_shown_whose_suggestion_has_more_support(
    render: Callable[[], AppTest], checked: Settings
) -> None:
    number = listed(checked).filter(suspect_rows.OUTVOTED).height
    assert 0 < number < 200
    assert f"All {number} rows that the filters leave" in texts(render())


def test_a_decision_or_a_review_settles_a_row_and_keeping_a_copy_does_not(checked: Settings) -> None:
    rows = listed(checked)["example_id"].to_list()
    for n, action in enumerate(("keep", "exclude", "relabel")):
        record = {"action_id": f"a{n}", "action": action, "example_ids": [rows[n]], "reviewer": "ana", "reason": ""}
        decide.take([record | ({"value": "refund"} if action == "relabel" else {})], "support", checked.store)
    assert settled(checked) == set(rows[:3])
    undo = {"action_id": "a9", "action": "undo", "decision": decide.decision_id("support", "a1"), "reviewer": "ana"}
    decide.take([undo], "support", checked.store)
    assert settled(checked) == {rows[0], rows[2]}


def test_a_bulk_decision_asks_first_says_how_many_and_is_taken_back(
    render: Callable[[], AppTest], checked: Settings
) -> None:
    outvoted = listed(checked).filter(suspect_rows.OUTVOTED)
    number = outvoted.height
    app = everything(render())
    assert "Accept the suggestion…" not in [b.label for b in app.button], (
        "not for rows whose own label has more support"
    )
    app = press(app, f"Accept the suggestion for {number} rows…")
    assert not app.exception
    assert reviews.taken(checked.store, "support") == []
    assert f"Give {number} rows the label that is suggested for each?" in texts(app)
    assert not app.warning
    app = press(app, f"Yes, {number} rows")
    assert not app.exception
    assert f"The suggested label for {number} rows: done." in texts(app)
    now = views.current(checked.store, "support").filter(pl.col("basis") == "decision")
    suggested = dict(outvoted.select("example_id", "suggestion").iter_rows())
    assert dict(now.select("example_id", "value").iter_rows()) == suggested
    app = press(app, "Undo")
    assert not app.exception
    assert set(views.current(checked.store, "support")["basis"]) == {"teacher"}
    assert "200 wait for a decision" in texts(app)


def test_the_page_says_that_new_labels_void_the_certificate(render: Callable[[], AppTest], checked: Settings) -> None:
    assert bulk.VOID in texts(render())


def test_filters_narrow_what_a_button_is_about(render: Callable[[], AppTest], checked: Settings) -> None:
    app = everything(render())
    app.multiselect[0].set_value(["account"]).run()
    number = listed(checked).filter(pl.col("label") == "account").height
    assert f"All {number} rows that the filters leave" in texts(app)
    app = press(app, "Leave out…")
    app = press(app, f"Yes, {number} rows")
    assert (views.current(checked.store, "support")["out"] == "excluded").sum() == number


def test_rows_are_sent_to_review_as_a_plan_of_their_own(render: Callable[[], AppTest], checked: Settings) -> None:
    app = everything(render())
    app.text_input[0].set_value("parcel").run()
    number = suspect_rows.matching(listed(checked), SuspectFilters(text="parcel")).height
    app = press(app, "Send to review…")
    app = press(app, f"Yes, {number} rows")
    assert f"Sent to review: {number} rows." in texts(app)
    (plan,) = plans.of_dataset(checked.store, "support")
    assert plans.tasks(checked.store, plan.id).height == number


def test_decisions_in_force_are_listed_and_taken_back_by_name(checked: Settings) -> None:
    rows = listed(checked)["example_id"].to_list()
    records = [
        {"action_id": f"a{n}", "action": "exclude", "example_ids": rows[: n + 1], "reviewer": "ben", "reason": "x"}
        for n in range(3)
    ]
    decide.take(records, "support", checked.store)
    bulk.take_back(checked.store, "support", ANA, [decide.decision_id("support", "a1")])
    assert settled(checked) == set(rows[:3])
    bulk.take_back(checked.store, "support", ANA, [decide.decision_id("support", "a2")])
    assert settled(checked) == set(rows[:1])

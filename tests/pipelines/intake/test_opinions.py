"""What people said in another tool counts as what people say here, without a plan."""

from pathlib import Path

import pytest

from curator.records import Label, Opinion, make_task
from pipelines.intake import ingest, opinions
from pipelines.intake.ingest import IngestConfig
from pipelines.intake.opinions import OpinionReport
from pipelines.release import export
from pipelines.review import answers
from storage.access import audit
from storage.dataset import datasets, labels
from storage.engine.store import Store
from storage.review import plans, reviews
from storage.views import agreement
from storage.views.current import current, overview

LABELS = ("refund", "delivery", "account")


@pytest.fixture
def ready(store: Store, tmp_path: Path) -> Store:
    """Six rows; a teacher says refund to the first five."""
    datasets.create(store, "d", make_task({"name": "t", "labels": list(LABELS)}))
    body = "id,text,label\n" + "".join(f"r{n},text number {n},{'refund' if n < 5 else ''}\n" for n in range(6))
    (tmp_path / "rows.csv").write_text(body)
    ingest.run(IngestConfig("d", (tmp_path / "rows.csv",), source="teacher", labeler="gpt"), store)
    return store


def ids(store: Store) -> dict[str, str]:
    return dict(current(store, "d").select("external_id", "example_id").iter_rows())


def say(
    store: Store, *words: tuple[str, str, str, str | None], at: str | None = None, file: str = "one"
) -> OpinionReport:
    known = ids(store)
    given = [Opinion(known[row], who, status, value, said_at=at) for row, who, status, value in words]  # type: ignore[arg-type]
    return opinions.take(store, "d", given, file=f"{file}.json", file_hash=file)


def state(store: Store, row: str, labeler: str | None = None) -> tuple[str | None, str, str | None]:
    rows = current(store, "d", labeler=labeler)
    found = rows.row(rows["external_id"].to_list().index(row), named=True)
    return found["value"], found["basis"], found["out"]


def test_an_opinion_stands_before_the_teachers_label(ready: Store) -> None:
    assert say(ready, ("r0", "ana", "accepted", "delivery"), ("r1", "ana", "accepted", "refund")).added == 2
    assert state(ready, "r0") == ("delivery", "review", None)
    assert state(ready, "r1") == ("refund", "review", None)
    assert state(ready, "r2") == ("refund", "teacher", None)


def test_two_people_who_differ_are_a_dispute_that_somebody_settles(ready: Store) -> None:
    say(ready, ("r0", "ana", "accepted", "delivery"), ("r0", "ben", "accepted", "account"), file="both")
    assert state(ready, "r0")[2] == "disputed"
    (dispute,) = agreement.disputes(ready, "d")
    assert [(s.reviewer, s.value) for s in dispute.said] == [("ana", "delivery"), ("ben", "account")]
    assert dispute.proposed == "refund"
    last = {"task_id": dispute.task, "reviewer": "eva", "verdict": "edit", "value": "account", "adjudicates": True}
    answers.import_records([last | {"action_id": "x"}], dispute.plan, ready)
    assert state(ready, "r0") == ("account", "adjudication", None)
    assert agreement.disputes(ready, "d") == ()


def test_opinions_take_part_in_agreement(ready: Store) -> None:
    say(ready, ("r0", "ana", "accepted", "delivery"), ("r0", "ben", "accepted", "account"))
    said = [(who, value) for _, who, value in agreement.ratings(ready, "d")]
    assert said == [("ana", "delivery"), ("ben", "account")]


def test_a_file_that_is_read_twice_adds_nothing_and_an_older_one_changes_nothing(ready: Store) -> None:
    first = ("r0", "ana", "accepted", "delivery")
    assert say(ready, first, at="2026-01-01T10:00:00Z").added == 1
    assert say(ready, first, at="2026-01-01T10:00:00Z").added == 0
    assert say(ready, first, at="2026-01-01T10:00:00Z", file="the same in another file").added == 0
    assert say(ready, ("r0", "ana", "accepted", "account"), at="2026-01-02T10:00:00Z", file="later").added == 1
    assert say(ready, first, at="2026-01-01T10:00:00Z").unchanged == 1
    assert state(ready, "r0")[0] == "account"


def test_a_change_of_mind_and_back_is_news_where_no_time_is_known(ready: Store) -> None:
    assert say(ready, ("r0", "ana", "accepted", "delivery"), file="1").added == 1
    assert say(ready, ("r0", "ana", "accepted", "account"), file="2").added == 1
    assert say(ready, ("r0", "ana", "accepted", "delivery"), file="3").added == 1
    assert state(ready, "r0")[0] == "delivery"


def test_a_skip_says_nothing_and_a_rejection_holds_the_row_back(ready: Store) -> None:
    say(ready, ("r0", "ana", "skipped", None), ("r1", "ana", "rejected", "refund"))
    assert state(ready, "r0") == ("refund", "teacher", None)
    assert state(ready, "r1")[2] == "rejected"
    assert [d.status for d in agreement.disputes(ready, "d")] == ["rejected"]


def test_a_rejection_of_one_label_fits_who_says_another(ready: Store) -> None:
    say(ready, ("r0", "ana", "rejected", "delivery"), ("r0", "ben", "accepted", "refund"))
    assert state(ready, "r0") == ("refund", "review", None)
    say(ready, ("r1", "ana", "rejected", "refund"), ("r1", "ben", "accepted", "refund"))
    assert state(ready, "r1")[2] == "disputed"


def test_a_name_in_another_spelling_is_no_second_person(ready: Store) -> None:
    say(ready, ("r0", "Ana", "accepted", "delivery"))
    report = say(ready, ("r0", " ana", "accepted", "delivery"), ("r1", "ana", "accepted", "account"), file="2")
    assert report.same_person == {" ana": "Ana", "ana": "Ana"}
    assert set(reviews.frame(ready, "d")["reviewer"]) == {"Ana"}


def test_opinions_are_told_in_the_audit_log_and_their_plan_estimates_nothing(ready: Store) -> None:
    say(ready, ("r0", "ana", "accepted", "delivery"))
    assert audit.verify(ready).intact
    (plan,) = plans.of_dataset(ready, "d")
    assert (plan.purpose, plan.labeler, plan.settings.reviews) == ("opinions", "gpt", 0)


def test_nobody_has_to_choose_one_of_several_people(ready: Store) -> None:
    known = ids(ready)
    given = [Label(known[f"r{n}"], who, "human", LABELS[n % 3], "h") for n in range(6) for who in ("ana", "ben")]
    labels.add(ready, "d", given)
    assert labels.require_labeler(ready, "d", None) == "gpt"
    assert labels.require_labeler(ready, "d", "ana") == "ana"
    assert labels.choices(ready, "d") == ["ana", "ben", "gpt"]


def test_a_dataset_that_people_alone_labelled_is_theirs_together(store: Store, tmp_path: Path) -> None:
    datasets.create(store, "d", make_task({"name": "t", "labels": list(LABELS)}))
    (tmp_path / "rows.csv").write_text("id,text\n" + "".join(f"r{n},text number {n}\n" for n in range(3)))
    ingest.run(IngestConfig("d", (tmp_path / "rows.csv",)), store)
    words = [("r0", "ana", "refund"), ("r0", "ben", "refund"), ("r1", "ana", "refund"), ("r1", "ben", "account")]
    known = ids(store)
    labels.add(store, "d", [Label(known[row], who, "human", value, "h") for row, who, value in words])
    say(store, *((row, who, "accepted", value) for row, who, value in words))
    assert labels.require_labeler(store, "d", None) == labels.PEOPLE
    assert state(store, "r0", labels.PEOPLE) == ("refund", "review", None)
    assert state(store, "r1", labels.PEOPLE)[2] == "disputed"
    assert state(store, "r2", labels.PEOPLE)[2] == "unlabelled"
    assert overview(store, "d").releasable == 1
    out = tmp_path / "now.jsonl"
    assert export.run(export.ExportConfig("d", out), store).rows == 3
    assert labels.choices(store, "d")[0] == labels.PEOPLE

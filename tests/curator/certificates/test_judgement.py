"""Which spot-check speaks, what the attempts before it spent, and what clears them: decided without a store."""

from collections.abc import Collection
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.certificates import ReviewProgress, SpotCheck, SpotChecks, judge, missed_before, terms, unused_draws
from curator.errors import NotEnoughDataError, RequestError
from curator.records import Plan, PlanSettings, Purpose, make_task

N = 40
TASK = make_task({"name": "t", "labels": ["a", "b"]})
STRICT = make_task({"name": "t", "labels": ["a", "b"], "max_error": 0.02})


def plan(
    ident: str, seq: int, purpose: Purpose = "certify", *, labeler: str = "gpt", target: float | None = None
) -> Plan:
    return Plan(ident, "d", purpose, labeler, 0, seq - 1, PlanSettings(target=target), seq)


class Desk:
    """Spot-checks of a dataset of N rows, all of them census unless told otherwise, kept in memory."""

    def __init__(self, task=TASK) -> None:
        self.task, self.checks, self.progress, self.asked = task, {}, {}, []

    def add(
        self,
        made: Plan,
        *,
        began: int | None,
        wrong: int = 0,
        unreviewed: int = 0,
        rows: Collection[int] = range(N),
        audit: int | None = None,
    ) -> Plan:
        """A plan whose review began at a seq, found `wrong` errors and left rows unreviewed."""
        ids = [f"e{n}" for n in rows]
        audit = len(ids) if audit is None else audit
        seen = audit - unreviewed if began is not None else 0
        status = ["settled" if n < seen else None for n in range(len(ids))]
        said = [None if s is None else ("b" if n < wrong else "a") for n, s in enumerate(status)]
        drawn = pl.DataFrame({"example_id": ids}).with_columns(
            stratum=pl.lit("rest"), content_hash=pl.lit("h"), teacher_value=pl.lit("a"), drawn_value=pl.lit("a")
        )
        now = pl.DataFrame(
            {"example_id": ids, "human_status": status, "human_value": said},
            schema_overrides={"human_status": pl.String, "human_value": pl.String},
        ).with_columns(
            content_hash=pl.lit("h"),
            value=pl.lit("a"),  # an error stays in what ships, so that an attempt can miss
            basis=pl.lit("teacher"),
            out=pl.lit(None, pl.String),
            split=pl.lit(None, pl.String),
            requested_split=pl.lit(None, pl.String),
        )
        now = now.with_columns(value=pl.coalesce("human_value", "value"))
        self.checks[made.id] = SpotCheck(made, self.task, self.task, drawn, tuple(ids[:audit]), now, ("ana",) * seen)
        if began is not None:
            self.progress[made.id] = ReviewProgress(made.seq, began, began + 5, audit, seen, began + 5)
        return made

    def __call__(self) -> SpotChecks:
        plans = sorted((c.plan for c in self.checks.values()), key=lambda p: -p.seq)
        return SpotChecks("d", self.task, tuple(plans), None, self.progress, self._read)

    def _read(self, made: Plan, _as_of: int | None) -> SpotCheck:
        self.asked.append(made.id)
        return self.checks[made.id]


def test_the_newest_finished_plan_speaks_and_the_newest_where_none_is_finished() -> None:
    desk = Desk()
    with pytest.raises(NotEnoughDataError, match="no spot-check yet"):
        judge(desk())
    desk.add(plan("old", 10), began=11)
    desk.add(plan("new", 20), began=21, unreviewed=3)
    assert judge(desk()).plan == "old"
    alone = Desk()
    alone.add(plan("a", 10), began=11, unreviewed=1)
    alone.add(plan("b", 20), began=None)
    assert (judge(alone()).plan, judge(alone()).status) == ("b", "INCOMPLETE")


def test_only_the_plans_that_are_asked_are_read() -> None:
    desk = Desk()
    desk.add(plan("old", 10), began=11)
    desk.add(plan("new", 20), began=21)
    judge(desk())
    assert desk.asked == ["new"]


def test_a_plan_that_was_drawn_to_find_is_asked_last_where_there_is_a_target() -> None:
    for task, expected in ((TASK, "find"), (STRICT, "certify")):
        desk = Desk(task)
        desk.add(plan("certify", 10), began=11)
        desk.add(plan("find", 20, "find"), began=21)
        assert judge(desk()).plan == expected


def test_a_plan_of_anothers_labels_or_without_an_audit_sample_never_speaks() -> None:
    desk = Desk()
    desk.add(plan("ours", 10), began=11)
    sent = desk.add(plan("sent", 20, "sent"), began=21)
    desk.add(plan("theirs", 30, labeler="other"), began=31)
    assert judge(desk(), labeler="gpt").plan == "ours"
    with pytest.raises(NotEnoughDataError, match=r"labels by nobody.*--labeler nobody"):
        judge(desk(), labeler="nobody")
    with pytest.raises(RequestError, match="sent is a sent plan"):
        judge(desk(), plan=sent)


@given(st.floats(0.001, 0.999), st.floats(0.001, 0.999) | st.none(), st.floats(0.5, 0.999), st.floats(0.5, 0.999))
def test_a_plan_is_judged_by_the_stricter_of_its_own_terms_and_the_datasets(
    demanded: float, asked: float | None, confidence: float, own: float
) -> None:
    task = make_task({"name": "t", "labels": ["a", "b"], "max_error": demanded, "confidence": confidence})
    target, judged_at = terms(task, asked, own)
    assert target == min(demanded, asked if asked is not None else demanded)
    assert judged_at == max(confidence, own)
    assert terms(TASK, asked, own) == (asked, own)


def _missed(desk: Desk, made: Plan | None = None, **more: Collection[str]) -> tuple[str, ...]:
    return missed_before(desk(), labeler="gpt", asked=(0.02, 0.95), plan=made, **more)


def test_attempts_count_in_the_order_of_their_reviews_not_of_their_draws() -> None:
    desk = Desk(STRICT)
    late = desk.add(plan("drawn first, reviewed last", 10), began=40, audit=10)
    desk.add(plan("drawn last, reviewed first", 20), began=30, audit=10)
    assert _missed(desk, late) == ("drawn last, reviewed first",)
    assert _missed(desk) == ("drawn last, reviewed first", "drawn first, reviewed last")
    assert judge(desk(), plan=late).attempt == 2


def test_a_plan_left_unfinished_has_missed_and_one_that_nobody_began_has_not() -> None:
    desk = Desk(STRICT)
    desk.add(plan("half", 10), began=11, unreviewed=N - 2)
    desk.add(plan("untouched", 20), began=None)
    own = desk.add(plan("own", 30), began=31)
    assert _missed(desk, own) == ("half",)
    assert unused_draws(desk(), own) == 1


def test_a_plan_that_met_the_target_clears_the_attempts_at_its_rows_and_no_others() -> None:
    desk = Desk(STRICT)
    desk.add(plan("all", 10), began=11, audit=10)
    desk.add(plan("few", 20), began=21, rows=range(5))
    assert _missed(desk) == ("all",), "a census of five good rows says nothing about the others"
    assert _missed(desk, about=["e1", "e2"]) == (), "for a plan of those five alone it does"
    desk.add(plan("census", 30), began=31)
    assert _missed(desk) == ()


def test_without_a_target_nothing_is_missed_and_nothing_is_read() -> None:
    desk = Desk()
    desk.add(plan("a", 10), began=11, unreviewed=3)
    assert missed_before(desk(), labeler="gpt", asked=(None, 0.95)) == ()
    assert desk.asked == []


def test_a_review_begins_with_the_first_answer_or_when_others_have_covered_every_row() -> None:
    covered = ReviewProgress(drawn=50, first=None, last=30, tasks=4, reviewed=4, covered=30)
    assert covered.begun == 50, "not before it was drawn"
    assert replace(covered, covered=70).begun == 70
    assert replace(covered, first=60, covered=70).begun == 60
    assert replace(covered, reviewed=3).begun == float("inf")


def test_rows_that_a_release_holds_out_are_not_in_its_certificate() -> None:
    desk = Desk()
    desk.add(plan("a", 10), began=11)
    found = judge(desk(), released=[f"e{n}" for n in range(30)])
    assert found.shipped_error is not None
    assert found.shipped_error.population == 30

"""Comparisons of two answers, and what people prefer. Append-only; an undo is a further record."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, fields

import polars as pl

from curator.preferences import AnswerComparison, ComparisonAnswer, Side
from curator.records import LabelerKind
from storage.access import audit
from storage.engine.store import Store, Told
from storage.review.reviews import LEASE_SECONDS

_STANDS = "p.choice <> 'undo' and not exists (select 1 from preference u where u.undoes = p.action_id)"


def add(
    store: Store, batch: str, comparisons: Sequence[AnswerComparison], overlap: int, *, told: Told | None = None
) -> int:
    """Append comparisons, each block with the event that `told` writes; one that is there already stays in its batch.

    Returns how many went in.
    """
    columns = ("id", "dataset", "example_id", "content_hash", "a_source", "b_source", "a", "b", "left")
    names = {"id": "comparison", "left": "left_side"}
    frame = pl.DataFrame(
        {names.get(name, name): [getattr(c, name) for c in comparisons] for name in columns}
        | {"batch": [batch] * len(comparisons), "position": list(range(len(comparisons)))}
        | {"overlap": [overlap] * len(comparisons)}
    )
    return store.append("comparison", frame, ignore_existing=True, told=told)


@dataclass(frozen=True, slots=True)
class GivenChoice:
    """What a file says of a comparison: nobody was asked about it here."""

    id: str
    comparison: str
    labeler: str
    kind: LabelerKind
    choice: ComparisonAnswer
    said_at: str | None
    note: str | None
    origin: str
    file_hash: str
    row_number: int


def add_given(store: Store, dataset: str, choices: Sequence[GivenChoice]) -> int:
    """Append choices that files hold; those that are there are left alone. Returns how many went in."""
    names = [each.name for each in fields(GivenChoice)]
    frame = pl.DataFrame(
        {("given_choice" if name == "id" else name): [getattr(each, name) for each in choices] for name in names}
        | {"dataset": [dataset] * len(choices)}
        | {"said_at": pl.Series([each.said_at for each in choices], dtype=pl.String)}
        | {"note": pl.Series([each.note for each in choices], dtype=pl.String)}
    )
    return store.append("given_choice", frame, ignore_existing=True)


def known(store: Store, dataset: str) -> set[str]:
    """The ids of all comparisons, and of all choices that files gave."""
    rows = store.rows(
        "select given_choice from given_choice where dataset = ? union all "
        "select comparison from comparison where dataset = ?",
        [dataset, dataset],
    )
    return {row[0] for row in rows}


def given(store: Store, dataset: str) -> pl.DataFrame:
    """What files say of comparisons, in order.

    Columns: seq, comparison, batch, example_id, reviewer, choice, a_source, b_source, a, b, kind, origin.
    """
    return store.frame(
        "select g.seq, comparison, c.batch, c.example_id, g.labeler as reviewer, g.choice, c.a_source, c.b_source, "
        "c.a, c.b, g.kind, g.origin from given_choice g join comparison c using (comparison) "
        "where g.dataset = ? order by g.seq",
        [dataset],
    )


def batches(store: Store, dataset: str) -> pl.DataFrame:
    """Batches, newest first: batch, a_source, b_source, overlap, comparisons, answered (by as many as it asks for)."""
    return store.frame(
        f"""
        with said as (select comparison, count(distinct reviewer) as people from preference p where {_STANDS}
                      group by comparison)
        select batch, any_value(a_source) as a_source, any_value(b_source) as b_source, max(overlap) as overlap,
            count(*) as comparisons, count(*) filter (coalesce(people, 0) >= overlap) as answered
        from comparison left join said using (comparison) where dataset = ? group by batch order by max(seq) desc
        """,
        [dataset],
    )


def claim(store: Store, batch: str, reviewer: str, count: int, *, now: float | None = None) -> pl.DataFrame:
    """Lease up to `count` open comparisons to a reviewer, in order, in one transaction.

    Columns: those of `comparison` and the row's text.
    """
    moment = time.time() if now is None else now
    with store.transaction() as connection:
        ids = connection.rows(
            f"""
            with said as (select distinct p.comparison, p.reviewer from preference p
                          join comparison c using (comparison) where c.batch = $batch and {_STANDS}),
            taken as (
                select comparison, count(distinct reviewer) as people from (
                    select comparison, reviewer from said union all
                    select task, reviewer from lease where expires >= $now)
                where reviewer <> $me group by comparison)
            select c.comparison from comparison c left join taken using (comparison)
            where c.batch = $batch and coalesce(taken.people, 0) < c.overlap
                and not exists (select 1 from said s where s.comparison = c.comparison and s.reviewer = $me)
            order by c.position limit $count
            """,
            {"batch": batch, "me": reviewer, "now": moment, "count": count},
        )
        leases = pl.DataFrame(
            {"task": [row[0] for row in ids], "reviewer": reviewer, "expires": moment + LEASE_SECONDS},
            schema={"task": pl.String, "reviewer": pl.String, "expires": pl.Float64},
        )
        with connection.table("leases", leases):
            connection.rows("insert or replace into lease select task, reviewer, expires from leases")
            return connection.frame(
                "select c.*, coalesce(e.shown, e.text) as text "
                "from comparison c join leases on leases.task = c.comparison "
                "join example e using (example_id) order by c.position"
            )


def of_batch(store: Store, batch: str) -> pl.DataFrame:
    """A batch's comparisons in order, with the row's text, and `people`: how many have answered each."""
    return store.frame(
        f"""
        with said as (select comparison, count(distinct reviewer) as people from preference p where {_STANDS}
                      group by comparison)
        select c.*, coalesce(e.shown, e.text) as text, coalesce(people, 0) as people
        from comparison c join example e using (example_id)
        left join said using (comparison) where batch = ? order by c.position
        """,
        [batch],
    )


def one(store: Store, batch: str, comparison: str) -> AnswerComparison | None:
    """A comparison of the batch; None where it has no such one."""
    found = store.rows(
        "select comparison, dataset, example_id, content_hash, a_source, b_source, a, b, left_side from comparison "
        "where batch = ? and comparison = ?",
        [batch, comparison],
    )
    return AnswerComparison(*found[0]) if found else None


def answer(
    store: Store,
    *,
    comparison: str,
    dataset: str,
    reviewer: str,
    choice: ComparisonAnswer,
    left: Side,
    action_id: str,
    seconds: float | None = None,
    note: str | None = None,
) -> bool:
    """Append one choice with the side that each answer had; an action id that is there changes nothing."""
    record = pl.DataFrame(
        {
            "comparison": [comparison],
            "dataset": [dataset],
            "reviewer": [reviewer],
            "choice": [choice],
            "left_side": [left],
            "seconds": pl.Series([seconds], dtype=pl.Float64),
            "note": pl.Series([note], dtype=pl.String),
            "action_id": [action_id],
        }
    )
    told = audit.telling(actor=reviewer, action="prefer", subject=dataset, comparison=comparison, choice=choice)
    return store.append("preference", record, ignore_existing=True, told=told) == 1


def undo(store: Store, *, action_id: str, undoes: str, reviewer: str) -> bool:
    """Take back one choice of the same reviewer by a further record. True if it was there to take back."""
    with store.transaction() as connection:
        record = connection.frame(
            "select comparison, dataset, reviewer, 'undo' as choice, left_side from preference p "
            f"where action_id = ? and reviewer = ? and {_STANDS}",
            [undoes, reviewer],
        )
        if record.is_empty():
            return False
        about = record.row(0, named=True)
        record = record.with_columns(action_id=pl.lit(action_id), undoes=pl.lit(undoes))
        what = connection.appended("preference", record, ignore_existing=True)
        if what.added:
            detail = {"comparison": about["comparison"], "undoes": undoes}
            audit.append(connection, what, actor=reviewer, action="prefer:undo", subject=about["dataset"], **detail)
        return what.added == 1


def answers(store: Store, dataset: str, *, batch: str | None = None) -> pl.DataFrame:
    """Choices in force, in order.

    Columns: seq, comparison, batch, example_id, content_hash, reviewer, choice, left_side, seconds, note, action_id,
    a_source, b_source, a, b, text.
    """
    return store.frame(
        "select p.seq, comparison, c.batch, c.example_id, c.content_hash, p.reviewer, p.choice, p.left_side, "
        "p.seconds, p.note, p.action_id, c.a_source, c.b_source, c.a, c.b, coalesce(e.shown, e.text) as text "
        "from preference p "
        "join comparison c using (comparison) join example e on e.example_id = c.example_id "
        f"where p.dataset = ? and (? is null or c.batch = ?) and {_STANDS} order by p.seq",
        [dataset, batch, batch],
    )

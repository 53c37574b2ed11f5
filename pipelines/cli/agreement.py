"""Commands about several reviewers: agreement, review disputed."""

from dataclasses import asdict
from typing import Annotated, Any

import polars as pl
import typer

from curator.errors import NotEnoughDataError
from curator.review import Anchoring, Coefficient, Dispute, Quality, Ratings, compare, ratings
from curator.review import agreement as measure
from pipelines.cli.options import Dataset, Seed
from pipelines.cli.output import answer, choose, lines, percent, plain, settings
from pipelines.cli.review import review_app
from pipelines.review import consensus
from storage.dataset import datasets, examples, labels
from storage.engine.store import Store
from storage.views import agreement as opinions

_SHOWN = 20
"""Rows that a list for a person shows."""


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("agreement")(agreement)
    app.command("consensus")(make_consensus)


def agreement(dataset: Dataset = None, seed: Seed = 0) -> int:
    """How far reviewers agree, with intervals; where no row was reviewed twice, how far labelers agree."""
    store = settings().store
    name = datasets.require(store, dataset)
    source, rated = _rated(store, name)
    report = measure(rated, seed=seed)
    both = compare(rated)
    reviewers, effect = opinions.quality(store, name), _anchoring(store, name)
    text = lines(
        f"{report.items:,} rows, {report.raters} {'reviewers' if source == 'reviews' else 'labelers'}, "
        f"{report.ratings:,} ratings",
        *(_coefficient(c) for c in report.overall),
        "by class (of two answers, how often the second is it where the first is):",
        *(_coefficient(c) for c in report.by_class if c.value is not None),
        "by reviewer (share of the others' answers that are the same; by name, no ranking):",
        *(_coefficient(c) for c in report.by_rater),
        *report.notes,
        f"consensus of {both.items:,} rows: the vote is tied on {both.ties:,}; the model of Dawid and Skene "
        f"chooses otherwise on {len(both.differ):,}, and is less than 90 % sure of {both.unsure:,}",
        "errors where the truth is known (gold cards and adjudicated rows; by name, no ranking):"
        if reviewers
        else None,
        *(_quality(q) for q in reviewers),
        effect.words if effect else None,
    )
    more = {"consensus": both, "reviewers": reviewers, "anchoring": effect}
    return answer({"of": source, **plain(report), **plain(more)}, text=text)


def make_consensus(
    dataset: Dataset = None,
    method: Annotated[str, typer.Option(help="model (Dawid and Skene) | majority")] = "model",
    name: Annotated[str, typer.Option("--name", help="The labeler that gets the answers.")] = "consensus",
    sure: Annotated[float, typer.Option(min=0.0, max=1.0, help="Below this chance a row needs a person.")] = 0.9,
    limit: Annotated[int, typer.Option(min=0, help="Rows that need a person, at most, in the answer.")] = 200,
) -> int:
    """One answer from several labelers and reviewers, with its chance of being right, as a labeler of its own."""
    store = settings().store
    config = consensus.ConsensusConfig(
        datasets.require(store, dataset), choose(method, ("model", "majority"), "--method"), name, sure
    )
    report = consensus.run(config, store)
    open_rows = report.need_a_person
    external = examples.external_ids(store, [row for row, _ in open_rows[:limit]])
    shown = [(external.get(row, row), chance) for row, chance in open_rows[:limit]]
    text = lines(
        f"{report.rows:,} rows of {report.raters} people and labelers: {report.labels_added:,} labels by {name!r}, "
        f"{len(open_rows):,} rows need a person"
        + (f" ({report.tied:,} of them tied, without a label)" if report.tied else ""),
        *(f"  {row}: {percent(chance)} sure" for row, chance in shown[:_SHOWN]),
        f"go on with `curator check --labeler {name}`; a plan draws the least sure rows first",
    )
    told = {
        "dataset": config.dataset,
        "labeler": name,
        "method": method,
        "rows": report.rows,
        "raters": report.raters,
        "labels_added": report.labels_added,
        "tied": report.tied,
        "need_a_person": len(open_rows),
        "open": [{"external_id": row, "chance": chance} for row, chance in shown],
    }
    return answer(told, text=text)


def _rated(store: Store, dataset: str) -> tuple[str, Ratings]:
    """What is compared, and the ratings: of people, else of labelers."""
    source, triples = "reviews", opinions.ratings(store, dataset)
    if not _overlap(triples):
        given = labels.frame(store, dataset).sort("seq")
        newest = given.unique(["example_id", "labeler"], keep="last", maintain_order=True)
        source = "labels"
        own = pl.col("version") == consensus.VERSION  # made of the others' words
        chosen = newest.filter(pl.col("value").is_not_null() & ~own).select("example_id", "labeler", "value")
        triples = opinions.one_form(datasets.task_of(store, dataset), chosen.iter_rows())
    if not _overlap(triples):
        msg = (
            f"no row of {dataset!r} was reviewed by two people, or labelled by two labelers: agreement cannot be told; "
            "draw a spot-check with `curator plan --overlap 2`, or import reviews of the same rows"
        )
        raise NotEnoughDataError(msg)
    return source, ratings(triples)


def _overlap(triples: list[tuple[str, str, str]]) -> bool:
    """Whether any row has two values; each triple is of another person or another row."""
    return len({example for example, _, _ in triples}) < len(triples)


def _anchoring(store: Store, dataset: str) -> Anchoring | None:
    try:
        return opinions.anchoring(store, dataset)
    except NotEnoughDataError:
        return None


def _coefficient(c: Coefficient) -> str:
    if c.value is None:
        return f"  {c.name}: not defined"
    if c.low is None or c.high is None:
        return f"  {c.name}: {c.value:.3f} (no interval)"
    return f"  {c.name}: {c.value:.3f} [{c.low:.3f}, {c.high:.3f}]"


def _quality(q: Quality) -> str:
    if q.rate is None or q.low is None or q.high is None:
        return f"  {q.reviewer}: not known, none of {q.reviewed:,} rows has a known truth"
    return (
        f"  {q.reviewer}: {percent(q.rate)} [{percent(q.low)}, {percent(q.high)}], {q.errors:,} of {q.judged:,} rows "
        f"({q.gold:,} gold)"
    )


@review_app.command("disputed")
def disputed(dataset: Dataset = None, limit: Annotated[int, typer.Option(min=1, help="Rows at most.")] = 200) -> int:
    """Rows that wait for somebody to settle them (in the app, or by review import), the most worth it first."""
    store = settings().store
    name = datasets.require(store, dataset)
    found = opinions.disputes(store, name)
    listed = found[:limit]
    external = examples.external_ids(store, [d.example_id for d in listed])
    rows = [_dispute(d, external.get(d.example_id, d.example_id)) for d in listed]
    text = lines(
        f"{len(found):,} rows of {name!r} wait for adjudication",
        *(f"  {r['external_id']} ({r['status']}, gain {r['gain']:.2f}): {_said(r['said'])}" for r in rows[:_SHOWN]),
    )
    return answer({"dataset": name, "disputed": len(found), "rows": rows}, text=text)


def _dispute(dispute: Dispute, external_id: str) -> dict[str, Any]:
    record = asdict(dispute)
    return {"task_id": record.pop("task"), "external_id": external_id, **record}


def _said(said: list[dict[str, Any]]) -> str:
    return ", ".join(f"{s['reviewer']}: {s['value'] if s['value'] is not None else s['verdict']}" for s in said)

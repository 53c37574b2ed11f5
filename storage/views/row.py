"""One row with all that is known of it: what was said, found, decided, released and answered."""

from dataclasses import dataclass

import polars as pl

from curator.records import Example
from storage.dataset import examples
from storage.engine.store import Store


@dataclass(frozen=True, slots=True)
class RowStory:
    """One row.

    Attributes:
        example: The row itself, with its conversation and the columns that were kept.
        labels: labeler, label, confidence, when; newest last. A person's word that came in with a file is one.
        reviews: who, verdict, answer, in (the stream), blind, note, last word, when; those taken back are left out.
        decisions: who, decision, label, why, when; undos are decisions too.
        findings: kind, score, rows (how many the finding is about), evidence (JSON), of the newest check run.
        scores: what, score (0..1, higher is worse), of the newest check run.
        versions: version, split, label.
        answers: who, version, answer: what each contestant said, the newest first.
    """

    example: Example
    labels: pl.DataFrame
    reviews: pl.DataFrame
    decisions: pl.DataFrame
    findings: pl.DataFrame
    scores: pl.DataFrame
    versions: pl.DataFrame
    answers: pl.DataFrame


def of_example(store: Store, dataset: str, example_id: str) -> RowStory | None:
    """All that is known of a row; None where the dataset has no such row."""
    example = examples.get(store, example_id)
    if example is None or example.dataset != dataset:
        return None
    about = [dataset, example_id]
    newest = "(select run from check_run where dataset = ? order by seq desc limit 1)"
    return RowStory(
        example=example,
        labels=store.frame(
            'select labeler, value as label, confidence, created_at as "when" from label '
            "where dataset = ? and example_id = ? order by seq",
            about,
        ),
        reviews=store.frame(
            "select r.reviewer as who, r.verdict, r.value as answer, t.stream as stream, r.blind, r.note, "
            'coalesce(r.adjudicates, false) as "last word", r.created_at as "when" '
            "from review r left join review_task t using (task) where r.dataset = ? and r.example_id = ? "
            "and r.verdict <> 'undo' and not exists (select 1 from review u where u.undoes = r.action_id) "
            "order by r.seq",
            about,
        ),
        decisions=store.frame(
            'select reviewer as who, action, value as label, reason as why, created_at as "when" from decision '
            "where dataset = ? and list_contains(cast(example_ids as varchar[]), ?) order by seq",
            about,
        ),
        findings=store.frame(
            "select kind, score, len(cast(example_ids as varchar[])) as rows, evidence from finding "
            f"where run = {newest} and list_contains(cast(example_ids as varchar[]), ?) order by score desc",
            about,
        ),
        scores=store.frame(
            f'select kind as "what", score from score where run = {newest} and example_id = ? order by kind', about
        ),
        versions=_versions(store, dataset, example_id),
        answers=store.frame(
            "select contestant as who, version, answer from (select *, row_number() over (partition by contestant, "
            "version order by seq desc) as newest from prediction where dataset = ? and example_id = ?) "
            "where newest = 1 order by version desc, who",
            about,
        ),
    )


def _versions(store: Store, dataset: str, example_id: str) -> pl.DataFrame:
    """The released versions that hold the row: version, split, label."""
    parts = " union all ".join(
        f"select number, '{split}' as split, unnest(cast(json_extract(manifest, '$.rows.{split}') as json[])) as row "
        "from dataset_version where dataset = ?"
        for split in ("train", "test")
    )
    return store.frame(
        "select number as version, split, json_extract_string(row, '$[2]') as label "
        f"from ({parts}) where json_extract_string(row, '$[0]') = ? order by number, split",
        [dataset, dataset, example_id],
    )


def find(store: Store, dataset: str, sought: str, limit: int = 50) -> pl.DataFrame:
    """Rows whose id is the sought one, else whose id or text contains it: example_id, id, text."""
    sql = "select example_id, external_id as id, text from example where dataset = ? and "
    exact = store.frame(f"{sql} (external_id = ? or example_id = ?) order by seq", [dataset, sought, sought])
    if exact.height or not sought:
        return exact
    return store.frame(
        f"{sql} (contains(lower(external_id), lower(?)) or contains(lower(text), lower(?))) order by seq limit ?",
        [dataset, sought, sought, limit],
    )

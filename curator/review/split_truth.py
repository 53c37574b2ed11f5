"""Which rows of the frozen test split have an answer that people settled, and what the others wait for."""

from collections import defaultdict
from typing import Any

import polars as pl

from curator.records import GOLD, DroppedRow, SplitTruth, WaitingRow, WaitsFor
from curator.review.resolution import effective_decisions, excludes

_BY_STATUS: dict[str, WaitsFor] = {
    "disputed": "adjudication",
    "unsettled": "second look",
    "skipped": "somebody who can say",
}


def split_truth(rows: pl.DataFrame, reviews: pl.DataFrame, decisions: pl.DataFrame) -> SplitTruth:
    """The state of the test split, every row of it in one place.

    Args:
        rows: The rows that were assigned to test, with example_id, external_id and the columns of
            `curator.review.current_labels`.
        reviews: Of the dataset, in force and oldest first: example_id, reviewer, verdict, note, stream.
        decisions: Of the dataset: seq, decision, action, value, reviewer, reason, finding_id, example_id.
    """
    taken = effective_decisions(decisions)
    said: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    of_test = reviews.filter(pl.col("example_id").is_in(rows["example_id"].implode()) & (pl.col("stream") != GOLD))
    for review in of_test.iter_rows(named=True):
        said[review["example_id"]].append(review)
    settled, waiting, dropped = 0, [], []
    for row in rows.iter_rows(named=True):
        example, name, given = row["example_id"], row["external_id"], said[row["example_id"]]
        standing = taken.get(example)
        if standing is not None and standing.presence is not None and excludes(standing, example):
            dropped.append(DroppedRow(name, "excluded", (standing.presence.reviewer,), standing.presence.reason))
        elif row["human_status"] == "rejected":
            against = [each for each in given if each["verdict"] == "reject"]
            notes = "; ".join(dict.fromkeys(each["note"] for each in against if each["note"]))
            dropped.append(DroppedRow(name, "rejected", _people(against), notes))
        elif row["human_status"] == "settled":
            settled += 1
        else:
            unseen: WaitsFor = "review" if row["value"] is not None else "label"
            waiting.append(WaitingRow(name, _BY_STATUS.get(row["human_status"], unseen), _people(given)))
    return SplitTruth(rows.height, settled, tuple(waiting), tuple(dropped))


def _people(reviews: list[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each["reviewer"] for each in reviews))

"""Who may have the last word about a row, and where somebody had it alone.

Whoever rejected a label is a party to the row. Where other people work on the dataset one of them settles it, or says
the same; who works alone settles it all the same, and the certificate says so.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from curator.records import GOLD, OPINION


def newest_words(reviews: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, tuple[str, str | None]]]:
    """Example id -> reviewer -> (verdict, value) of the newest word that is no last word.

    Args:
        reviews: In force, oldest first, as `storage.review.reviews.frame` gives them. Answers to gold cards, and words
            that came in with a file, do not count.
    """
    words: dict[str, dict[str, tuple[str, str | None]]] = defaultdict(dict)
    for row in reviews:
        if row["stream"] not in (GOLD, OPINION) and not _is_last(row):
            words[row["example_id"]][row["reviewer"]] = (row["verdict"], row["value"])
    return words


def may_settle(
    words: Mapping[str, tuple[str, str | None]], person: str, value: str | None, others: Collection[str]
) -> bool:
    """Whether a person's last word about a row may stand.

    Args:
        words: Reviewer -> (verdict, value) about the row, see `newest_words`.
        person: Who would say it.
        value: What they would say; None for a rejection.
        others: Everybody who works on the dataset.
    """
    if words.get(person, ("", None))[0] != "reject" or not set(others) - {person}:
        return True
    return any(who != person and verdict != "skip" and said == value for who, (verdict, said) in words.items())


def settled_alone(reviews: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """The rows whose last word came from the person who had rejected the label, and nobody else said the same.

    Args:
        reviews: As in `newest_words`.
    """
    given = list(reviews)
    words = newest_words(given)
    last = {r["example_id"]: r for r in given if _is_last(r) and r["verdict"] != "skip"}
    return frozenset(
        example
        for example, row in last.items()
        if not may_settle(words.get(example, {}), row["reviewer"], row["value"], others=("", row["reviewer"]))
    )


def _is_last(row: Mapping[str, Any]) -> bool:
    return row["stream"] == "adjudication" or bool(row.get("adjudicates"))

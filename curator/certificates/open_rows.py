"""What keeps a spot-check from being done: the drawn rows without a verdict, and what each of them waits for."""

from collections.abc import Mapping
from typing import Final, Literal

import polars as pl

Due = Literal["unreviewed", "left_out", "unsettled", "disputed"]

_ANSWER: Final = "on the page Review, or by `curator review import`"
NEEDED: Final[Mapping[Due, tuple[str, str]]] = {
    "unreviewed": ("not reviewed yet", f"answer {_ANSWER}"),
    "left_out": (
        "left out of the dataset since the draw and not reviewed yet",
        f"what was drawn counts all the same, so answer {_ANSWER}",
    ),
    "unsettled": (
        "waiting for one more answer",
        "a second look where the first answer differs from the hidden label, another reviewer where several are asked, "
        f"{_ANSWER}",
    ),
    "disputed": (
        "disputed, since reviewers differ",
        "somebody has the last word on the page Adjudicate, or by `adjudicates: true` in `curator review import`",
    ),
}
"""What is the matter with the rows, and what to do."""


def due_rows(now: pl.DataFrame) -> pl.DataFrame:
    """The drawn rows that have no verdict yet, with `due`: what they wait for.

    Args:
        now: As `curator.certificates.certify.with_today` makes it.
    """
    status = pl.col("human_status")
    waits = (
        pl.when(status.is_null() & (pl.col("out") == "excluded"))
        .then(pl.lit("left_out"))
        .when(status.is_null())
        .then(pl.lit("unreviewed"))
        .when(status.is_in(["unsettled", "disputed"]))
        .then(status)
    )
    return now.filter("audited").with_columns(due=waits).filter(pl.col("due").is_not_null())


def due_in_words(now: pl.DataFrame) -> tuple[str, ...]:
    """One sentence for each kind of row that is due: how many, why, and what to do."""
    counts: dict[str, int] = dict(due_rows(now).group_by("due").len().iter_rows())
    return tuple(
        f"{counts[kind]:,} audit {'row is' if counts[kind] == 1 else 'rows are'} {matter}: {remedy}"
        for kind, (matter, remedy) in NEEDED.items()
        if kind in counts
    )

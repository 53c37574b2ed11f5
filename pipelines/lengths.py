"""How long the rows of a dataset or version are for a tokenizer."""

import polars as pl

from curator.composition import USUAL_LIMIT, TokenLengths, token_lengths
from curator.ports import TokenCounter
from storage.dataset import examples

_PART = 5_000
"""Rows that are counted at a time, so that texts are never all in memory twice."""


def measure(rows: pl.DataFrame, counter: TokenCounter | str, *, limit: int = USUAL_LIMIT) -> TokenLengths:
    """The lengths of rows with an answer.

    Args:
        rows: Columns external_id, messages, tools, text and value.
        counter: By what to count; or why there is nothing to count by.
        limit: Tokens that a row may have.
    """
    if isinstance(counter, str):
        return TokenLengths(None, counter, limit=limit)
    answered = rows.filter(pl.col("value").is_not_null())
    inputs, answers = list[int](), list[int]()
    for part in answered.select("messages", "tools", "text", "value").iter_slices(_PART):
        inputs += counter.count([_whole(*row) for row in part.select("messages", "tools", "text").iter_rows()])
        answers += counter.count(part["value"].to_list())
    return token_lengths(
        answered["external_id"].to_list(),
        inputs,
        answers,
        tokenizer=counter.name,
        why=counter.why,
        sha256=counter.sha256,
        limit=limit,
    )


def _whole(messages: str, tools: str | None, text: str) -> str:
    """All that stands before the answer: what a system prompt, tools and calls say, and what is said."""
    return "\n".join(filter(None, (examples.system_of(messages), examples.calls_of(messages, tools), text)))

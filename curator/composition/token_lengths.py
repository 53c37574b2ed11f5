"""How long rows are for a tokenizer, and how many a trainer's limit would cut or drop."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

USUAL_LIMIT = 2048
"""Tokens that the ready configurations of a release give a trainer; see `curator.release.trainer_files`."""


@dataclass(frozen=True, slots=True)
class LengthSpread:
    """Token counts of rows.

    Attributes:
        median, p95, p99, longest: Of the rows; quantiles are counts that occur (no interpolation).
    """

    median: int
    p95: int
    p99: int
    longest: int


@dataclass(frozen=True, slots=True)
class TokenLengths:
    """How long rows are, input and answer together.

    Attributes:
        tokenizer: Its name; None where none is at hand, and nothing below it is known.
        why: Where the tokenizer comes from, or why none is at hand; a sentence.
        tokenizer_sha256: Of its definition.
        rows: Rows that were measured.
        whole: Input and answer together, without the marks that a chat template adds to each turn.
        answer: The answer alone.
        limit: Tokens that a row may have.
        over: Rows above it, which a trainer cuts, or drops without a word.
        longest_id: External id of the longest row.
    """

    tokenizer: str | None
    why: str
    tokenizer_sha256: str = ""
    rows: int = 0
    whole: LengthSpread | None = None
    answer: LengthSpread | None = None
    limit: int = USUAL_LIMIT
    over: int = 0
    longest_id: str = ""

    @property
    def share_over(self) -> float:
        """Share of the rows above the limit, 0..1."""
        return self.over / self.rows if self.rows else 0.0

    def sentence(self) -> str:
        """The figures in words."""
        if self.tokenizer is None:
            return f"token lengths are not known: {self.why}"
        if self.whole is None or self.answer is None:
            return "token lengths are not known: no row has an answer yet"
        said = (
            f"tokens by {self.tokenizer} ({self.why}): median {self.whole.median:,}, 95 % of the rows at most "
            f"{self.whole.p95:,}, the longest {self.whole.longest:,} ({self.longest_id!r})"
        )
        if not self.over:
            return f"{said}; none above {self.limit:,}, before the marks of a chat template"
        return (
            f"{said}; {self.over:,} of {self.rows:,} rows ({self.share_over:.1%}) are above {self.limit:,}: a trainer "
            "with that limit cuts them, or drops them without a word"
        )


def token_lengths(
    ids: Sequence[str],
    input_N: Sequence[int],
    answer_N: Sequence[int],
    *,
    tokenizer: str,
    why: str,
    sha256: str,
    limit: int = USUAL_LIMIT,
) -> TokenLengths:
    """Summarise the lengths of rows.

    Args:
        ids: External ids.
        input_N: Tokens of everything before the answer, tools included.
        answer_N: Tokens of the answer.
        tokenizer: The tokenizer's name.
        why: Where it comes from.
        sha256: Of its definition.
        limit: Tokens that a row may have.
    """
    whole_N = np.asarray(input_N, dtype=np.int64) + np.asarray(answer_N, dtype=np.int64)
    if not len(whole_N):
        return TokenLengths(tokenizer, why, sha256, limit=limit)
    return TokenLengths(
        tokenizer=tokenizer,
        why=why,
        tokenizer_sha256=sha256,
        rows=len(whole_N),
        whole=_spread(whole_N),
        answer=_spread(np.asarray(answer_N, dtype=np.int64)),
        limit=limit,
        over=int((whole_N > limit).sum()),
        longest_id=ids[int(whole_N.argmax())],
    )


def _spread(count_N: np.ndarray[tuple[int], np.dtype[np.int64]]) -> LengthSpread:
    at = np.quantile(count_N, [0.5, 0.95, 0.99, 1.0], method="higher").astype(int).tolist()
    return LengthSpread(*at)

"""Settings of a training: impossible ones are refused before anything is recorded or paid."""

import math
from collections.abc import Sequence

from curator.errors import RequestError

HIGHEST_RATE = 1.0
"""A step of Adam moves each weight by about the rate: at 1 nothing is left of a model whose weights are far below 1."""


def refuse_impossible(
    *, epochs: int, batch_size: int, learning_rate: float | None, beta: float, max_length: int
) -> None:
    """See that a training with these settings can mean something.

    Raises:
        RequestError: One cannot; says which, what was expected and what is usual.
    """
    for name, value, least in (("epochs", epochs, 1), ("batch-size", batch_size, 1), ("max-length", max_length, 8)):
        if value < least:
            msg = f"--{name} is {value}, expected at least {least}"
            raise RequestError(msg)
    if learning_rate is not None and not 0 < learning_rate < HIGHEST_RATE:
        msg = (
            f"--learning-rate is {learning_rate:g}, expected a number above 0 and below {HIGHEST_RATE:g}; leave it out "
            "for what suits the model (about 1e-4 for an adapter, 1e-5 for DPO)"
        )
        raise RequestError(msg)
    if not (math.isfinite(beta) and beta > 0):
        msg = f"--beta is {beta:g}, expected a number above 0; 0.1 is usual"
        raise RequestError(msg)


_FEW = 10
_PART = 0.1
"""Share of the steps at either end of a training that are compared."""
FLAT, DIVERGED = 0.03, 1.25
"""A loss that ends within this share of where it began is flat; one above this multiple of its lowest has diverged."""


def read_curve(losses: Sequence[float], kind: str) -> tuple[str, ...]:
    """What a training's loss says, in words; the names stand in docs/failure-modes.md.

    Args:
        losses: At each step.
        kind: sft or dpo, whose loss begins at ln 2.
    """
    if any(not math.isfinite(loss) for loss in losses):
        return ("diverged: the loss is no number any more; train with a lower --learning-rate",)
    size = max(1, round(len(losses) * _PART))
    if len(losses) < 4 * size or len(losses) < _FEW:
        return ()
    parts = [sum(losses[k : k + size]) / size for k in range(0, len(losses) - size + 1, size)]
    first, last, lowest = parts[0], parts[-1], min(parts)
    if last > DIVERGED * lowest and last > 0.5 * first:
        return (f"diverged: the loss fell to {lowest:.3g} and ended at {last:.3g}; train with a lower --learning-rate",)
    if abs(last - first) <= FLAT * first:
        hint = "the pairs teach nothing, or the rate is too low" if kind == "dpo" else "nothing was learnt"
        return (f"flat loss: {first:.3g} at the start, {last:.3g} at the end; {hint}: see --learning-rate",)
    return ()

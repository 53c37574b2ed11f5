"""Settings of a training: impossible ones are refused before anything is recorded or paid."""

import math

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

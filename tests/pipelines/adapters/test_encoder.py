"""Workers change the speed of the encoder, never its vectors."""

import numpy as np
import pytest

from pipelines.adapters.encoder import BATCH, PART, SentenceEncoder


@pytest.mark.slow
def test_vectors_do_not_depend_on_the_number_of_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = sorted(
        (f"a question about {'very ' * (i % 7)}small thing number {i}" for i in range(2 * PART + BATCH)), key=len
    )
    encoder = SentenceEncoder()
    together_ND = encoder.encode(texts)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert np.array_equal(encoder.encode(texts), together_ND)
    assert np.allclose(np.linalg.norm(together_ND, axis=1), 1.0, atol=1e-5)
    assert encoder.encode([]).shape == (0, encoder.dimension)

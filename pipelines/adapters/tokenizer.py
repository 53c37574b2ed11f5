"""Tokenizers that lie on this machine, to count by; nothing is fetched."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from curator.errors import RequestError

TOKENIZER_FILE = "tokenizer.json"


class LocalTokenizer:
    """A tokenizer in the form of the package `tokenizers`.

    Attributes:
        name: By which it was asked for, or its folder's name.
        why: Where it comes from, a few words.
        sha256: Of its file.
    """

    def __init__(self, file: Path, name: str, why: str) -> None:
        from tokenizers import Tokenizer

        data = file.read_bytes()
        try:
            self._tokenizer = Tokenizer.from_buffer(data)
        except Exception as error:  # the package raises bare Exceptions
            msg = f"{file} is no tokenizer that the package tokenizers reads: {error}"
            raise RequestError(msg) from error
        self._tokenizer.no_truncation()  # a tokenizer may come with a limit of its own, and would hide what is over it
        self._tokenizer.no_padding()
        self.name, self.why, self.sha256 = name, why, hashlib.sha256(data).hexdigest()

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without special ones."""
        # Equal texts, such as one system prompt or a few labels, are counted once.
        once = list(dict.fromkeys(texts))
        encoded = self._tokenizer.encode_batch_fast(once, add_special_tokens=False)
        known = {text: len(each) for text, each in zip(once, encoded, strict=True)}
        return [known[text] for text in texts]


def named(name: str, why: str) -> LocalTokenizer | None:
    """The tokenizer of a file, a folder, or a model of the Hugging Face Hub that lies in this machine's cache."""
    path = Path(name).expanduser()
    file = path / TOKENIZER_FILE if path.is_dir() else path
    if file.is_file():
        return LocalTokenizer(file, path.name if path.is_dir() else path.parent.name or path.name, why)
    cached = _cached(name)
    return None if cached is None else LocalTokenizer(cached, name, why)


def _cached(name: str) -> Path | None:
    from transformers.utils.hub import cached_file

    try:
        found = cached_file(name, TOKENIZER_FILE, local_files_only=True)
    except OSError:  # not in the cache, or no name that the hub could have
        return None
    return None if found is None else Path(found)


def of_students(root: Path) -> list[Path]:
    """The folders of the local students of a project, in the order of their names."""
    return sorted(folder for folder in root.glob("base/student-*") if (folder / TOKENIZER_FILE).is_file())

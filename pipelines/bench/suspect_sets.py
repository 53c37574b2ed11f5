"""The four real sets that the suspect ranking is measured on, named before anything was measured on them."""

import json
from collections.abc import Callable
from pathlib import Path

from curator.errors import NotFoundError, RequestError
from pipelines.bench import real_sets

QUICK_CLASSES, QUICK_ROWS = 12, 40
Texts = tuple[list[str], list[str]]


def texts_and_labels(name: str, data: Path | None, quick: bool) -> Texts:
    """One set; in quick mode the first rows of a few classes.

    Raises:
        RequestError: There is no such set.
        NotFoundError: Its file is not there.
    """
    if name not in SETS:
        msg = f"no set {name!r}; there are {', '.join(SETS)}"
        raise RequestError(msg)
    texts, labels = SETS[name](data)
    if not quick:
        return texts, labels
    left = dict.fromkeys(sorted(set(labels))[:QUICK_CLASSES], QUICK_ROWS)
    rows: list[int] = []
    for row, label in enumerate(labels):
        if left.get(label, 0):
            left[label] -= 1
            rows.append(row)
    return [texts[row] for row in rows], [labels[row] for row in rows]


def _intents(name: str, data: Path | None) -> Texts:
    found = real_sets.load(name, data)
    rows = [
        row for row, split in enumerate(found.splits) if split == "train" and found.labels[row] != "oos"
    ]  # what is out of scope is of no one kind
    return [found.texts[row] for row in rows], [found.labels[row] for row in rows]


def _languages(data: Path | None) -> Texts:
    rows = [json.loads(line) for line in _read(data, "tinker_multilingual/data.jsonl").splitlines()]
    rows = [row for row in rows if row["lang"]]
    return [row["text"] for row in rows], [row["lang"] for row in rows]


def _advising(data: Path | None) -> Texts:
    texts, labels = [], []
    for query in json.loads(_read(data, "text2sql_geo_rest/raw/advising.json")):
        for sentence in query["sentences"]:
            text = sentence["text"]
            for variable, value in sorted(sentence["variables"].items(), key=lambda pair: -len(pair[0])):
                text = text.replace(variable, value) if value else text
            texts.append(text)
            labels.append(query["sql"][0])
    return texts, labels


def _read(data: Path | None, file: str) -> str:
    path = real_sets.folder_of(data) / file
    if not path.is_file():
        msg = f"no file {path}: this bench measures on it. Name the folder with --data or CURATOR_SHARED_DATA"
        raise NotFoundError(msg)
    return path.read_text(encoding="utf-8")


SETS: dict[str, Callable[[Path | None], Texts]] = {
    "languages": _languages,
    "advising": _advising,
    "banking77": lambda data: _intents("banking77", data),
    "clinc150": lambda data: _intents("clinc150", data),
}
"""Lines in 15 languages (tinker_multilingual), questions by the query that answers them (text2sql's advising set),
Banking77's training part, and CLINC150's without out-of-scope rows."""

"""Real data for the curation tests, read from beside the checkout; tests that need it skip where it is missing."""

import json
from typing import Any

import polars as pl
import pytest

from curator.records import Task
from tests.places import SHARED

LANGUAGES = ("ar", "de", "el", "en", "es", "fr", "hi", "ru", "tr", "ur", "vi", "zh", "ot")


def shared(*names: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name in names:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"{name} is not there; CURATOR_SHARED_DATA names the folder that holds it")
        with path.open(encoding="utf-8") as lines:
            rows += [json.loads(line) for line in lines]
    return rows


def languages(*only: str) -> tuple[list[str], list[str], list[str]]:
    """Texts, a teacher's labels (Bulgarian is taken for ru, every time) and the true languages, which may be named."""
    rows = [
        row for row in shared("tinker_multilingual/data.jsonl") if row["lang"] and row["lang"] in (only or row["lang"])
    ]
    given = {"bg": "ru", "sw": "ot", "th": "ot"}
    truth = [row["lang"] for row in rows]
    return [row["text"] for row in rows], [given.get(lang, lang) for lang in truth], truth


def task(labels: list[str], kind: Any = "classification") -> Task:
    return Task(
        name="test", kind=kind, labels=dict.fromkeys(labels, ""), rubric="Choose.", schema=None, database=None,
        max_error=None, confidence=0.95, content_hash="hash",
    )  # fmt: skip


def frame(texts: list[str], labels: list[str] | list[str | None], **columns: list[Any]) -> pl.DataFrame:
    size = len(texts)
    nothing: list[Any] = [None] * size
    data = {
        "example_id": [f"ex{row}" for row in range(size)],
        "external_id": [str(row) for row in range(size)],
        "text": texts,
        "label": labels,
        "group": nothing,
        "split": nothing,
        "confidence": nothing,
    } | columns
    types = {name: pl.Float64 if name == "confidence" else pl.String for name in data}
    return pl.DataFrame(data, schema=types)

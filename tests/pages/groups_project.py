"""A project whose findings are many groups: contradictions, and exact and near duplicates."""

import json
from collections.abc import Sequence
from pathlib import Path

from curator.records import make_task
from pipelines.analysis import check
from pipelines.intake import ingest
from pipelines.intake.ingest import IngestConfig
from pipelines.runtime import settings as project_settings
from pipelines.runtime.settings import Settings
from storage.dataset import datasets

LABELS = ("refund", "delivery", "account", "card_lost")
WORDS = ("amber", "birch", "cedar", "daisy", "ebony", "fennel", "ginger", "hazel", "indigo", "juniper")


def topic(number: int) -> str:
    """A subject of its own for each number, in words, so that no two texts are alike by chance."""
    return " ".join(WORDS[int(digit)] for digit in f"{number:03}") + f" {'xyzvw'[number % 5] * 4}{number % 7 * 'u'}"


def make_groups(folder: Path, *, conflicts: int = 0, copies: int = 0, alike: int = 0, text: str = "") -> Settings:
    """Make a checked project: `conflicts` pairs under two labels, `copies` pairs of copies, `alike` near ones.

    `text` is added to each row.
    """
    rows: list[tuple[str, str]] = []
    for number in range(conflicts + copies + alike):
        first = f"please look at the matter of {topic(number)} {text}"
        label = LABELS[number % 4]
        if number < conflicts:
            rows += [(first, label), (first.replace("please look", "please do look"), LABELS[(number + 1) % 4])]
        elif number < conflicts + copies:
            rows += [(first, label), (first.upper(), label)]
        else:
            rows += [(first, label), (first.replace("please look", "please kindly look"), label)]
    return make_rows(folder, rows)


def make_rows(folder: Path, rows: Sequence[tuple[str, str]], labels: Sequence[str] = LABELS) -> Settings:
    """Make a checked project of these texts and labels."""
    settings = project_settings.init(folder)[0]
    file = folder / "rows.jsonl"
    with file.open("w", encoding="utf-8") as handle:
        for place, (words, label) in enumerate(rows):
            handle.write(json.dumps({"id": f"r{place}", "text": words, "label": label}) + "\n")
    task = make_task({"name": "support", "labels": list(labels), "rubric": "What does the customer want?"})
    datasets.create(settings.store, "support", task)
    ingest.run(IngestConfig("support", (file,), source="teacher", labeler="teacher"), settings.store)
    check.run(check.CheckConfig("support"), settings.store)
    return settings

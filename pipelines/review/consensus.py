"""Several opinions -> one label for each row with its chance of being right, by a labeler of its own."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from curator.errors import NotEnoughDataError, RequestError
from curator.records import Label, check_shown
from curator.review import by_model, majority_vote, ratings
from pipelines.runtime import acting
from storage.access import audit
from storage.dataset import datasets, labels
from storage.engine.store import Store
from storage.views import agreement as opinions

Method = Literal["model", "majority"]
VERSION = "consensus"
"""The version of labels that are made of others: they are no opinion of their own."""


@dataclass(frozen=True, slots=True)
class ConsensusConfig:
    """What to agree on.

    Attributes:
        dataset: Whose rows.
        method: The model of Dawid and Skene (one accuracy for each rater where answers are free), or the vote.
        name: The labeler that gets the answers.
        sure: Chance below which a row needs a person, 0..1.
    """

    dataset: str
    method: Method = "model"
    name: str = "consensus"
    sure: float = 0.9


@dataclass(frozen=True, slots=True)
class ConsensusReport:
    """What became of the opinions.

    Attributes:
        rows: Rows with an opinion.
        raters: People and labelers.
        labels_added: Labels that are new or changed; a rerun on the same opinions adds none.
        tied: Rows whose vote is tied, which get no label.
        need_a_person: Rows below the chance asked for, tied ones, and those that one person alone voted on, with that
            chance, the least sure first.
    """

    rows: int
    raters: int
    labels_added: int
    tied: int
    need_a_person: tuple[tuple[str, float], ...]


def run(config: ConsensusConfig, store: Store) -> ConsensusReport:
    """Take the newest word of every labeler and reviewer about every row, and label by what they amount to.

    Raises:
        NotEnoughDataError: Fewer than two people or labelers have spoken.
        RequestError: The name is that of a labeler whose labels are opinions.
    """
    acting.require("decide")
    task = datasets.task_of(store, datasets.require(store, config.dataset))
    check_shown(config.name, "labeler")
    given = labels.frame(store, config.dataset).sort("seq").unique(["example_id", "labeler"], keep="last")
    own = given.filter(pl.col("labeler") == config.name)
    if not own.filter(pl.col("version") != VERSION).is_empty():
        msg = f"labeler {config.name!r} has labels that no consensus made; give another name with --name"
        raise RequestError(msg)
    others = given.filter((pl.col("labeler") != config.name) & pl.col("value").is_not_null())
    words = [*others.select("example_id", "labeler", "value").iter_rows()]
    words += [each for each in opinions.ratings(store, config.dataset) if each[2] != opinions.REJECTED]
    rated = ratings(opinions.one_form(task, words))
    if len(rated.raters) < 2:
        msg = f"one labeler has spoken about {config.dataset!r}; a consensus needs two people or labelers"
        raise NotEnoughDataError(msg)
    found = by_model(rated) if config.method == "model" else majority_vote(rated)
    chance_I = found.probability_IK.max(axis=1)
    have = {row: (value, sure) for row, value, sure in own.select("example_id", "value", "confidence").iter_rows()}
    made = [
        Label(example_id=row, labeler=config.name, kind="rule", value=value, task_hash=task.content_hash,
              version=VERSION, confidence=round(float(chance), 6))
        for row, value, chance in zip(found.items, found.chosen, chance_I, strict=True)
        if value is not None and have.get(row) != (value, round(float(chance), 6))
    ]  # fmt: skip
    told = audit.telling(actor=acting.actor(), action="consensus", subject=config.dataset, count=True,
                         labeler=config.name, method=config.method)  # fmt: skip
    added = labels.add(store, config.dataset, made, told=told) if made else 0
    alone_I = np.bincount(rated.item_N, minlength=len(rated.items)) == 1  # a vote of one is no majority
    unsure = [
        (row, float(chance))
        for row, value, chance, alone in zip(found.items, found.chosen, chance_I, alone_I, strict=True)
        if value is None or chance < config.sure or (alone and config.method == "majority")
    ]
    unsure.sort(key=lambda each: (each[1], each[0]))
    tied = sum(value is None for value in found.chosen)
    return ConsensusReport(len(found.items), len(rated.raters), added, tied, tuple(unsure))

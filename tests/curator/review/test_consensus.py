"""Consensus reproduces Dawid and Skene's table and the bluebird benchmark."""

import csv
import json

import numpy as np
import pytest

from curator.errors import NotEnoughDataError, RequestError
from curator.review.agreement import ratings
from curator.review.consensus import compare, dawid_skene, majority_vote
from tests.places import SHARED


@pytest.mark.skipif(not (SHARED / "dawid_skene_1979").exists(), reason="dawid_skene_1979 is not at hand")
def test_the_anaesthetists_of_1979():
    lines = (SHARED / "dawid_skene_1979" / "data.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    fit = dawid_skene(ratings((f"{r['patient']:02d}", str(r["observer"]), str(r["response"])) for r in rows))
    assert fit.converged
    assert fit.prevalence_K.round(2).tolist() == [0.40, 0.42, 0.11, 0.07]
    assert fit.confusion_RKK[0].round(2).tolist() == [
        [0.89, 0.11, 0.00, 0.00],
        [0.07, 0.88, 0.05, 0.00],
        [0.00, 0.34, 0.66, 0.00],
        [0.00, 0.00, 0.56, 0.44],
    ]
    assert all(b >= a - 1e-9 for a, b in zip(fit.log_likelihood, fit.log_likelihood[1:], strict=False))


@pytest.mark.skipif(not (SHARED / "crowd_bluebird").exists(), reason="crowd_bluebird is not at hand")
def test_the_bluebird_crowd():
    folder = SHARED / "crowd_bluebird" / "raw"
    with (folder / "answer.csv").open() as file:
        rated = ratings((r["question"], r["worker"], r["answer"]) for r in csv.DictReader(file))
    with (folder / "truth.csv").open() as file:
        truth = {r["question"]: r["truth"] for r in csv.DictReader(file)}

    def accuracy(consensus):
        return np.mean([truth[i] == label for i, label in zip(consensus.items, consensus.chosen, strict=True)])

    assert accuracy(majority_vote(rated)) == pytest.approx(0.759, abs=0.0005)
    # The published 0.889 (96 of 108) is what one pseudo-count for each cell gives.
    assert accuracy(dawid_skene(rated, smoothing=1.0).consensus) == pytest.approx(0.889, abs=0.0005)
    # Maximum likelihood without it gets one more item right.
    assert accuracy(dawid_skene(rated).consensus) == pytest.approx(97 / 108)


def simulated(items=400, accuracies=(0.95, 0.9, 0.7, 0.6, 0.35), labels=3, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, labels, items)
    triples = []
    for r, accuracy in enumerate(accuracies):
        wrong = (truth + rng.integers(1, labels, items)) % labels
        said = np.where(rng.random(items) < accuracy, truth, wrong)
        given = np.flatnonzero(rng.random(items) < 0.8)
        triples += [(f"i{i:04d}", f"r{r}", f"c{said[i]}") for i in given]
    return ratings(triples), {f"i{i:04d}": f"c{k}" for i, k in enumerate(truth)}


def test_the_model_beats_the_vote_and_recovers_each_raters_accuracy():
    rated, truth = simulated()
    fit = dawid_skene(rated)

    def right(consensus):
        return sum(truth[i] == label for i, label in zip(consensus.items, consensus.chosen, strict=True))

    assert right(fit.consensus) > right(majority_vote(rated)) + 10
    assert fit.accuracy_R == pytest.approx([0.95, 0.9, 0.7, 0.6, 0.35], abs=0.08)
    assert fit.consensus.probability_IK.sum(axis=1) == pytest.approx(1)


def test_a_tie_chooses_nothing():
    vote = majority_vote(ratings([("i", "a", "x"), ("i", "b", "y"), ("j", "a", "x")]))
    assert vote.chosen == (None, "x")
    assert vote.probability_IK.tolist() == [[0.5, 0.5], [1.0, 0.0]]


def test_impossible_fits_are_refused():
    alone = ratings([("i", "a", "x"), ("j", "a", "y")])
    with pytest.raises(NotEnoughDataError, match="two raters"):
        dawid_skene(alone)
    with pytest.raises(RequestError):
        dawid_skene(alone, smoothing=-1)


def test_both_ways_to_one_answer_side_by_side():
    rated, truth = simulated()
    found = compare(rated)
    several = [i for i, n in zip(rated.items, rated.counts_IK.sum(axis=1), strict=True) if n >= 2]
    assert found.items == len(several)
    assert found.ties > 0
    assert found.differ
    assert all(by_vote != by_model for _, by_vote, by_model, _ in found.differ)
    right = sum(truth[item] == by_model for item, _, by_model, _ in found.differ)
    assert right > sum(truth[item] == by_vote for item, by_vote, _, _ in found.differ)
    assert 0 < found.unsure < found.items


def test_two_people_who_agree_about_a_rare_label_are_believed():
    """Thirteen labels, one of them common, few rows answered twice and many once: the plain model renames labels."""
    rng = np.random.default_rng(4)
    truth = np.where(rng.random(60) < 0.4, 12, rng.integers(0, 12, 60))
    triples = []
    for r, accuracy in enumerate((0.95, 0.85)):
        said = np.where(rng.random(60) < accuracy, truth, rng.integers(0, 13, 60))
        triples += [(f"i{i:03d}", f"r{r}", f"c{k:02d}") for i, k in enumerate(said)]
    triples += [(f"single{i:03d}", "expert", f"c{rng.integers(0, 13):02d}") for i in range(500)]
    found = compare(ratings(triples))
    agreed = sum(len({k for i, _, k in triples if i == f"i{n:03d}"}) == 1 for n in range(60))
    assert found.items == 60
    assert found.ties == 60 - agreed
    assert found.differ == (), "nobody is overruled where both say the same"

"""One scale for all doubts, learnt from reviews."""

import numpy as np

from curator.label_errors.answers import suspect_answers
from curator.label_errors.calibration import CERTAIN, one_scale, with_reviews
from curator.label_errors.ranking import NoiseResult

PLACES = ("Lima", "Oslo", "Rome", "Cairo", "Quito", "Turin", "Delhi", "Paris", "Tunis", "Basel")


def ranking(guesses, certain=()):
    guess_N = np.array(guesses, dtype=np.float64)
    certain_N = np.isin(np.arange(len(guess_N)), list(certain))
    nothing = (None,) * len(guess_N)
    return NoiseResult(one_scale(guess_N, certain_N), guess_N, nothing, guess_N, (), nothing, frozenset(certain))


def test_a_certain_doubt_stands_above_every_guess_and_guesses_order_both():
    score_N = ranking([0.999, 0.2, np.nan, 0.7, 0.1], certain=[2, 3]).score_N
    assert np.argsort(-score_N, kind="stable").tolist() == [3, 2, 0, 1, 4]
    assert (score_N[[2, 3]] >= CERTAIN).all()


def test_reviews_that_clear_certain_doubts_bring_them_below_guesses_that_were_right():
    noise = ranking([0.8] * 30 + [0.3] * 30, certain=range(15))
    wrong = dict.fromkeys(range(14), False) | dict.fromkeys(range(15, 28), True)
    learnt = with_reviews(noise, wrong)
    assert learnt.score_N[14] < learnt.score_N[29]
    assert noise.score_N[14] > noise.score_N[29]


def test_reviews_make_scores_the_chance_that_they_show_and_keep_their_order():
    rng = np.random.default_rng(0)
    guess_N = rng.random(2000)
    truth_N = rng.random(2000) < guess_N**3  # far fewer are wrong than the scores say
    seen = rng.choice(2000, 300, replace=False)
    noise = ranking(guess_N)
    learnt = with_reviews(noise, {int(row): bool(truth_N[row]) for row in seen})
    assert (np.argsort(learnt.score_N, kind="stable") == np.argsort(noise.score_N, kind="stable")).all()
    before, after = (np.abs(each.score_N.mean() - truth_N.mean()) for each in (noise, learnt))
    assert before > 0.15
    assert after < 0.05


def test_without_reviews_nothing_changes():
    noise = ranking([0.5, 0.2], certain=[1])
    assert with_reviews(noise, {}) is noise


def test_a_literal_that_nobody_asked_for_is_the_first_to_look_at_and_a_default_is_none():
    texts = [f"how large is {PLACES[row % 10]} in year {1990 + row % 7}" for row in range(60)]
    queries = [
        f"SELECT area FROM city AS c WHERE c.name = '{PLACES[row % 10]}' AND c.kind = 'capital' "
        f"AND year = {1990 + row % 7}"
        for row in range(60)
    ]
    queries[17] = queries[17].replace(PLACES[7], "Bergen")
    queries[31] = queries[31].replace("1993", "2021")
    found = suspect_answers(None, texts, queries, "sql", 0)
    assert found.certain == {17, 31}
    assert set(np.argsort(-found.score_N)[:2].tolist()) == {17, 31}

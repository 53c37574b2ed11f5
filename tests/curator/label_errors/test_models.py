"""The logistic regression of the suspect ranking must be a fitted one, however many classes there are."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from curator.label_errors.models import FOLDS, LOGISTIC, models, stratified_folds, views


def rows(classes, per_class, seed, offset=0.0):
    rng = np.random.default_rng(seed)
    y_N = np.repeat(np.arange(classes), per_class)
    x_ND = rng.normal(size=(classes, 64))[y_N] + rng.normal(size=(len(y_N), 64)) + offset
    x_ND /= np.linalg.norm(x_ND, axis=1, keepdims=True)
    return x_ND.astype(np.float32), y_N.astype(np.int64)


def said_by_logistic(x_ND, y_N, fold_N):
    seen = views(x_ND, [""] * len(y_N), 0)
    model = next(model for model in models(seen, fold_N) if model.name == LOGISTIC)
    return model.say(y_N, np.ones(len(y_N)), int(y_N.max()) + 1)


def optimum(x_ND, y_N, fold_N):
    """Out-of-fold probabilities of the same regression, fitted to the end by another solver, of one sharpness."""
    p_NC = np.zeros((len(y_N), int(y_N.max()) + 1))
    for fold in range(FOLDS):
        test = fold_N == fold
        exact = LogisticRegression(C=1.0, solver="newton-cg", max_iter=500, tol=1e-8)
        p_NC[test] = exact.fit(x_ND[~test].astype(np.float64), y_N[~test]).predict_proba(x_ND[test])
    return p_NC


def test_many_balanced_classes_are_learnt_and_not_taken_for_converged_before_the_first_step():
    x_ND, y_N = rows(classes=400, per_class=10, seed=0)
    fold_N = stratified_folds(y_N, FOLDS, np.random.default_rng(0))
    assert (said_by_logistic(x_ND, y_N, fold_N).argmax(axis=1) == y_N).mean() > 0.9


@settings(max_examples=15, deadline=None)
@given(
    classes=st.integers(2, 40),
    per_class=st.integers(5, 12),
    offset=st.sampled_from([0.0, 0.5, 2.0]),
    seed=st.integers(0, 2**16),
)
def test_the_logistic_regression_orders_classes_as_its_optimum_does(classes, per_class, offset, seed):
    x_ND, y_N = rows(classes, per_class, seed, offset)
    fold_N = stratified_folds(y_N, FOLDS, np.random.default_rng(seed))
    # A temperature lies between the two: log-odds agree up to one factor, so their correlation is 1.
    said_NC, exact_NC = (np.log(p) for p in (said_by_logistic(x_ND, y_N, fold_N), optimum(x_ND, y_N, fold_N)))
    said_NC, exact_NC = (log_NC - log_NC.mean(axis=1, keepdims=True) for log_NC in (said_NC, exact_NC))
    assert np.corrcoef(said_NC.ravel(), exact_NC.ravel())[0, 1] > 0.99

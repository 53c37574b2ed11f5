"""What an evaluation allows to say."""

from dataclasses import replace

import pytest

from curator.errors import NotEnoughDataError
from curator.evaluation.metrics import Metric
from curator.evaluation.significance import PairedComparison
from curator.evaluation.verdict import StudentCandidate, decide, recommend
from curator.records import Bound, DroppedRow, SplitTruth, WaitingRow


def comparison(difference, low, high, p=0.5, minimum_detectable=0.01):
    return PairedComparison(
        400, 100, 0.9 + difference, 0.9, difference, low, high, p, minimum_detectable, 0.05, "method"
    )


EQUAL = comparison(0.0, -0.01, 0.01)
BETTER = comparison(0.6, 0.5, 0.7, p=0.0001)
SHIPPED = Bound(0.005, 0.001, 0.012, 0.010, 0.95, 300, 2000, "method")


def verdict(**changes):
    inputs = {"truth": SplitTruth(400, 400), "scored": 400, "versus_teacher": EQUAL, "versus_base": BETTER}
    return decide(**(inputs | changes))


def test_a_good_student_ships_with_a_reason_for_every_gate():
    v = verdict(versus_previous=EQUAL, certificate_status="CERTIFIED", shipped_error=SHIPPED, max_error=0.02)
    assert v.outcome == "SHIP"
    assert [gate.passed for gate in v.gates] == [True] * 6
    assert len(v.reasons) == 6
    assert any("+60.0 points" in reason for reason in v.reasons)


def test_unreviewed_test_rows_give_no_verdict_however_bad_the_scores():
    waiting = (WaitingRow("q7", "review"),)
    v = verdict(truth=SplitTruth(400, 399, waiting), versus_base=comparison(-0.5, -0.6, -0.4, p=1e-6))
    assert v.outcome == "NOT ENOUGH DATA"
    assert v.reasons == (
        "399 of 400 test rows have an answer that people settled; 1 waits for a review ('q7'). "
        "Settle them, then release and evaluate again.",
    )


def test_rows_that_fell_out_of_the_split_give_no_verdict_and_rows_that_people_took_out_are_told():
    hard = tuple(WaitingRow(f"q{n}", "second look") for n in range(26))
    v = verdict(truth=SplitTruth(240, 214, hard), scored=214)
    assert v.outcome == "NOT ENOUGH DATA"
    assert "26 wait for a second look ('q0', 'q1', 'q2', 'q3', 'q4' and 21 more)" in v.reasons[0]
    gone = (DroppedRow("q9", "rejected", ("ana",), "no language"),)
    shipped = verdict(truth=SplitTruth(401, 400, (), gone))
    assert shipped.outcome == "SHIP"
    assert "1 more was rejected by people ('q9')" in shipped.gates[0].detail


def test_a_verdict_names_whom_it_is_about_and_what_nobody_measured():
    v = verdict(subject="dpo", run="run_2", not_measured=("cost",))
    assert (v.about, v.not_measured) == ("dpo (run_2)", ("cost",))


def test_a_small_test_split_gives_no_verdict():
    v = verdict(truth=SplitTruth(99, 99), scored=99)
    assert v.outcome == "NOT ENOUGH DATA"
    assert "99 test rows are too few" in v.reasons[0]


@pytest.mark.parametrize(
    ("teacher", "outcome"),
    [
        (comparison(-0.01, -0.019, 0.0), "SHIP"),
        (comparison(-0.03, -0.05, -0.01, p=0.01), "HOLD"),
        (comparison(-0.03, -0.05, -0.01, p=0.01, minimum_detectable=0.05), "HOLD"),
        (comparison(-0.01, -0.05, 0.03, minimum_detectable=0.05), "NOT ENOUGH DATA"),
        (comparison(-0.012, -0.022, -0.002, p=0.02, minimum_detectable=0.015), "HOLD"),
        (None, "NOT ENOUGH DATA"),
    ],
)
def test_non_inferiority_to_the_teacher(teacher, outcome):
    assert verdict(versus_teacher=teacher).outcome == outcome


@pytest.mark.parametrize(
    ("base", "outcome"),
    [
        (comparison(-0.1, -0.2, 0.0, p=0.04, minimum_detectable=0.2), "HOLD"),
        (comparison(0.05, -0.02, 0.12, p=0.2, minimum_detectable=0.1), "NOT ENOUGH DATA"),
        (comparison(0.001, -0.005, 0.007, p=0.7, minimum_detectable=0.01), "HOLD"),
        (None, "NOT ENOUGH DATA"),
    ],
)
def test_training_must_show_a_gain_over_the_base_model(base, outcome):
    assert verdict(versus_base=base).outcome == outcome


def test_a_clearly_worse_successor_is_held():
    assert verdict(versus_previous=comparison(-0.02, -0.03, -0.01, p=0.001)).outcome == "HOLD"
    assert verdict(versus_previous=comparison(-0.02, -0.05, 0.01, p=0.2)).outcome == "SHIP"


def test_the_certificate_can_hold_or_delay_a_release():
    def with_certificate(status, bound, target):
        return verdict(certificate_status=status, shipped_error=bound, max_error=target).outcome

    assert with_certificate("UNCERTIFIED", SHIPPED, 0.005) == "HOLD"
    assert with_certificate("CERTIFIED", replace(SHIPPED, upper_one_sided=0.03), 0.02) == "HOLD"
    assert with_certificate("INCOMPLETE", SHIPPED, 0.02) == "NOT ENOUGH DATA"
    assert with_certificate("UNCERTIFIED", None, 0.02) == "NOT ENOUGH DATA"
    assert with_certificate("UNCERTIFIED", SHIPPED, None) == "SHIP"


def test_a_failed_gate_weighs_more_than_an_unclear_one():
    v = verdict(
        versus_teacher=comparison(-0.01, -0.05, 0.03, minimum_detectable=0.05),
        versus_base=comparison(-0.1, -0.2, -0.05, p=0.01),
    )
    assert v.outcome == "HOLD"
    assert len(v.reasons) == 1


def student(name, kind, value, parent=None):
    return StudentCandidate(
        name, kind, Metric("accuracy", value, value - 0.02, value + 0.02, 400), f"run-{name}", parent
    )


def test_dpo_is_recommended_only_where_it_was_shown_to_help():
    sft, dpo = student("sft-1", "sft", 0.95), student("dpo-1", "dpo", 0.96, "run-sft-1")
    hurt = recommend([sft, dpo], comparison(-0.02, -0.03, -0.01, p=0.001))
    assert (hurt.name, hurt.run) == ("sft-1", "run-sft-1")
    assert hurt.reason.startswith("DPO hurt: ship the SFT student.")
    unclear = recommend([sft, dpo], comparison(0.01, -0.01, 0.03, p=0.3))
    assert unclear.name == "sft-1"
    assert unclear.reason.startswith("no effect of DPO was shown: ship the simpler SFT student.")
    assert recommend([sft, dpo]).name == "sft-1"
    helped = recommend([sft, dpo], comparison(0.02, 0.01, 0.03, p=0.001))
    assert (helped.name, helped.run) == ("dpo-1", "run-dpo-1")
    assert helped.reason.startswith("DPO helped")


def test_nothing_is_said_of_dpo_that_did_not_start_from_the_sft_run_beside_it():
    sft, dpo = student("sft-1", "sft", 0.95), student("dpo-1", "dpo", 0.98, "run-other")
    found = recommend([sft, dpo], comparison(0.03, 0.01, 0.05, p=0.001))
    assert found.name == "dpo-1"
    assert found.reason.startswith("dpo-1 did not start from sft-1, so what DPO did cannot be told; dpo-1 is better")


def test_of_one_kind_the_best_is_recommended():
    assert recommend([student("sft-1", "sft", 0.91), student("sft-2", "sft", 0.92)]).name == "sft-2"
    with pytest.raises(NotEnoughDataError):
        recommend([])

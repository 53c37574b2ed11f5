"""Gates as a pipeline reads them: nothing that people or rows wrote can break the XML or become markup."""

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from curator.release import GateResult, as_junit, as_summary

RESULTS = (
    GateResult("files", "passed", "3 files as released"),
    GateResult("leaks", "failed", "2 rows of test are in train too"),
    GateResult("certificate", "waived", "none; waived by ana: a trial"),
    GateResult("formats", "open", "not demanded"),
)


def test_each_standing_is_what_a_reader_of_junit_takes_it_for() -> None:
    (suite,) = ET.fromstring(as_junit({"d@1": RESULTS}))
    assert suite.attrib == {"name": "d@1", "tests": "4", "failures": "1", "errors": "0", "skipped": "2"}
    assert [[child.tag for child in case] for case in suite] == [["system-out"], ["failure"], ["skipped"], ["skipped"]]
    assert suite[1][0].get("message") == "2 rows of test are in train too"
    assert suite[2][0].get("message") == "waived: none; waived by ana: a trial"


def test_the_summary_says_first_how_many_failed() -> None:
    said = as_summary({"d@1": RESULTS, "d@2": RESULTS[:1]}).splitlines()
    assert said[0] == "### d&#64;1: 1 of 4 gates failed"
    assert "| ❌ failed | leaks | 2 rows of test are in train too |" in said
    assert "### d&#64;2: all gates hold" in said


@given(st.lists(st.builds(GateResult, st.text(), st.sampled_from(("passed", "failed", "waived", "open")), st.text())))
def test_any_text_is_one_cell_and_one_case(results: list[GateResult]) -> None:
    (suite,) = ET.fromstring(as_junit({"s": results}))
    assert len(suite) == len(results)
    rows = as_summary({"s": results}).rstrip("\n").split("\n")[4:]
    for row, result in zip(rows, results, strict=True):
        assert row.count("|") == 4
        assert not any(sign in row.strip("|") for sign in "<>`[]")
        assert f" {result.standing} " in row

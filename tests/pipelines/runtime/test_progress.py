"""Long work tells how far it is: in whole lines where nobody watches a bar."""

import io
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.runtime import progress


def test_a_log_gets_whole_lines_with_done_total_and_the_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(progress.JOB_VARIABLE, raising=False)
    monkeypatch.setattr(progress, "EVERY_LINE_S", 0.05)
    assert not sys.stderr.isatty()
    with progress.stage("check") as report:
        report(1, 4)
        deadline = time.monotonic() + 20
        said = ""
        while "1 of 4" not in said and time.monotonic() < deadline:
            time.sleep(0.01)
            said += capsys.readouterr().err
    assert "check: 1 of 4 (25 %), 0:00 so far, about 0:00 left\n" in said
    assert "\r" not in said


def test_work_that_ends_soon_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.stage("check") as report:
        report(4, 4)
    assert capsys.readouterr().err == ""


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.floats(0, 10**6))
def test_a_line_promises_time_only_between_the_first_and_the_last_row(done: int, total: int, elapsed: float) -> None:
    said = progress.line("label", done, total, elapsed)
    assert ("left" in said) is (0 < done < total)
    assert f"{done:,}" in said or done == 0


def test_no_bar_is_drawn_over_a_question(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = Terminal()
    monkeypatch.delenv(progress.JOB_VARIABLE, raising=False)
    monkeypatch.setattr(progress, "SHOW_AFTER_S", 0.01)
    monkeypatch.setattr(progress, "EVERY_S", 0.01)
    monkeypatch.setattr(sys, "stderr", shown)
    with progress.stage("label") as report:
        with progress.paused():
            report(1, 4)
            time.sleep(0.3)
            asked = shown.getvalue().replace("\r", "").strip()
        progress.say("0.0100 US dollars")
        deadline = time.monotonic() + 20
        while "US dollars" not in shown.getvalue() and time.monotonic() < deadline:
            time.sleep(0.01)
    assert "1/4" not in asked
    assert "1/4" in shown.getvalue()
    assert "0.0100 US dollars" in shown.getvalue()

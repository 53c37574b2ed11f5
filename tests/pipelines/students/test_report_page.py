"""The report for people outside: one file, whole, escaped, and without any address."""

import re
from html.parser import HTMLParser
from pathlib import Path

from curator.ports import Completion
from curator.records import TrainingOutcome, TrainingRun
from pipelines.release import release
from pipelines.release.release import ReleaseConfig
from pipelines.students import contestants, evaluate, report_page
from pipelines.students.plots import Bar, curves, intervals
from storage.release import runs
from tests.pipelines.students.test_evaluate import StandIn
from tests.sample_project import HOSTILE, make_project


class Tags(HTMLParser):
    """Counts tags, and notes what would load something."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.loads += [
            f"{tag} {name}"
            for name, value in attrs
            if name in ("src", "href", "onerror", "onload") or "url(" in (value or "")
        ]


def test_a_report_says_the_verdict_with_every_interval_and_loads_nothing(tmp_path: Path) -> None:
    settings = make_project(tmp_path / "project", rows=200)
    store = settings.store
    release.run(
        ReleaseConfig("support", waive=("certificate", "test_reviewed"), why="a <b>test</b>"), store, settings.releases
    )
    run = TrainingRun("run_a", "support", 1, "sft", "local/base", None, {"local": True}, "path", "state", "finished")
    runs.record(store, run, TrainingOutcome(3, 96, (2.0, 1.0, 0.5), 1.5, notes=("few steps",)))
    who = contestants.parse_models("student=run_a,base=,teacher=teacher", store, "support")
    made = evaluate.run(
        evaluate.EvaluateConfig("support@1", who), store, StandIn(lambda path, text: Completion(HOSTILE, 0.1, 9, 1))
    )
    page = report_page.of_run(store, runs.reports(store, run="run_a")[0])
    tags = Tags()
    tags.feed(page)
    assert tags.loads == []
    assert not {"script", "link", "img", "iframe", "b"} & set(tags.seen)
    assert tags.seen.count("svg") >= 3
    assert not re.findall(r"https?://(?!evil\.example)", page)
    assert "NOT ENOUGH DATA" in page
    assert "run_a" in page
    for score in made.report.contestants.values():
        assert f"{100 * score.accuracy.low:.1f} % to {100 * score.accuracy.high:.1f} %" in page
    assert "&lt;script&gt;" in page
    assert "few steps" in page
    assert "a &lt;b&gt;test&lt;/b&gt;" in page
    assert "unknown" in page  # a cost that nobody knows


def test_plots_escape_names_and_keep_figures_inside() -> None:
    drawn = intervals([Bar("<x>", 2.0, -1.0, 3.0, "<y>", strong=True)], title='a "title"', low=0.0, high=1.0)
    assert "<x>" not in drawn
    assert "&lt;x&gt;" in drawn
    assert 'aria-label="a &#34;title&#34;"' in drawn
    places = [float(x) for x in re.findall(r'(?:cx|x1|x2)="([\d.]+)"', drawn)]
    assert min(places) >= 0
    assert max(places) <= 760
    assert curves([], title="none") == ""

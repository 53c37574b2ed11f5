"""Balance, coverage and the trend from version to version, as pages."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pipelines.intake import ingest
from pipelines.intake.ingest import IngestConfig
from pipelines.release import release
from pipelines.release.release import ReleaseConfig
from pipelines.runtime.settings import Settings
from storage.checks import figures
from storage.views import current as views

ROOT = Path(__file__).parents[3]


@pytest.fixture
def render(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], AppTest]:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("pages.frame.guard.is_loopback", lambda address: True)

    def render(page: str) -> AppTest:
        return AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run().switch_page(page).run()

    return render


def texts(app: AppTest) -> str:
    return "\n".join(str(e.value) for kind in (app.text, app.subheader, app.success, app.error) for e in kind)


def press(app: AppTest, label: str) -> AppTest:
    return next(b for b in app.button if b.label.startswith(label)).click().run()


def test_a_cap_is_asked_about_stored_and_taken_back(project: Settings, render: Callable, tmp_path: Path) -> None:
    more = tmp_path / "more.jsonl"
    rows = [{"id": f"x{i}", "text": f"refund order {i} now", "label": "refund"} for i in range(100)]
    more.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    mapped = {"input": "text", "label": "label", "id": "id"}
    ingest.run(IngestConfig("support", (more,), mapped, source="teacher", labeler="teacher"), project.store)
    app = render("pages/data/balance.py")
    assert app.slider[0].min == 34  # three labels cannot all have less
    app.slider[0].set_value(40).run()
    asked = re.search(r"about (\d+) rows stay out", texts(app))
    assert asked is not None
    press(app, "Choose them")
    assert views.overview(project.store, "support").out == {}  # nothing before the confirmation
    press(app, f"Yes, {asked[1]} rows")
    assert f"Left out: {asked[1]} rows." in texts(app)
    assert views.overview(project.store, "support").out == {"excluded": int(asked[1])}
    labels = views.overview(project.store, "support").labels
    assert max(labels.values()) <= 0.4 * sum(labels.values())
    press(app, "Undo")
    assert views.overview(project.store, "support").out == {}


def test_coverage_offers_a_comparison_and_shows_the_stored_one(project: Settings, render: Callable) -> None:
    app = render("pages/data/coverage.py")
    assert "Bring the logs in as a dataset of their own" in texts(app)
    region = {"name": "a, b", "rows": 9, "share": 0.3, "covered": 0.1, "distance": 0.6, "have": 1, "collect": 7}
    found = {"rows": 200, "reference_rows": 30, "coverage": 0.7, "low": 0.5, "high": 0.85, "ceiling": 0.95}
    found |= {"recall": 0.8, "distance": 0.1, "verdict": "cover 70% of it", "regions": [{**region, "examples": ["q"]}]}
    content = {"dataset": "support", "reference": "logs", "source": None, "encoder": "e", "coverage": found}
    figures.add(project.store, "support", "coverage", content, as_of_seq=1)
    app.run()
    assert "The 200 rows that would ship cover 70% of it." in texts(app)
    assert app.dataframe[0].value["collect"].to_list() == [7]


def test_a_trend_appears_with_the_first_figure_that_differs_between_versions(
    project: Settings, render: Callable, tmp_path: Path
) -> None:
    waived = {"waive": ("certificate", "test_reviewed"), "why": "a test"}
    first = release.run(ReleaseConfig("support", **waived), project.store, project.releases)
    assert first.version == "support@1"
    assert "From version to version" not in texts(render("pages/data/overview.py"))
    second = release.run(ReleaseConfig("support", labels="teacher", **waived), project.store, project.releases)
    assert second.version == "support@2"
    assert figures.by_version(project.store, "support")["version"].to_list() == [1, 2]
    assert "From version to version" not in texts(render("pages/data/overview.py")), "two equal points are no trend"
    more = tmp_path / "more.jsonl"
    more.write_text(json.dumps({"id": "new", "text": "a new question of mine", "label": "refund", "split": "train"}))
    ingest.run(IngestConfig("support", (more,), labeler="teacher"), project.store)
    third = release.run(ReleaseConfig("support", **waived), project.store, project.releases)
    assert third.version == "support@3"
    assert "From version to version" in texts(render("pages/data/overview.py"))

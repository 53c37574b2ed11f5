"""The page that shows what is where."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pipelines.review import plan as planning
from pipelines.review.plan import PlanConfig
from pipelines.runtime.settings import Settings


def test_a_server_that_is_not_there_is_told_without_a_traceback(
    project: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(__file__).parents[3]
    monkeypatch.chdir(root)
    monkeypatch.setattr("pages.frame.guard.is_loopback", lambda address: True)
    planning.run(PlanConfig("support", reviews=10), project.store)
    monkeypatch.setenv("ARGILLA_API_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("ARGILLA_API_KEY", "no-key")
    app = AppTest.from_file(str(root / "streamlit_app.py"), default_timeout=60).run()
    app = app.switch_page("pages/review/boards.py").run()
    assert not app.exception
    next(b for b in app.button if b.label == "Ask the server").click()
    app.run()
    assert not app.exception
    assert any("ARGILLA_API_URL" in t.value and "127.0.0.1:9" in t.value for t in app.text), [t.value for t in app.text]

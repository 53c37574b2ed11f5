"""The cheap contestant learns from the released train rows and answers the test rows."""

from pathlib import Path

import numpy as np
import pytest

from curator.errors import NotEnoughDataError, RequestError
from curator.ports import Completion
from curator.records import TrainingRun
from pipelines.release import release
from pipelines.release.release import ReleaseConfig
from pipelines.students import contestants, evaluate, failures
from pipelines.students.baseline import EncoderName
from storage.dataset import vectors
from storage.release import runs
from storage.views import current as views
from tests.pipelines.students.test_evaluate import StandIn
from tests.sample_project import LABELS, make_project

ENCODER = EncoderName("toy", "1")


def test_the_baseline_is_compared_like_any_other_and_failures_lead_to_train_rows(tmp_path: Path) -> None:
    settings = make_project(tmp_path / "project", rows=200)
    store = settings.store
    waived = ReleaseConfig("support", waive=("certificate", "test_reviewed"), why="a test")
    release.run(waived, store, settings.releases)
    who = contestants.parse_models("cheap=baseline,teacher=teacher", store, "support")
    config = evaluate.EvaluateConfig("support@1", who, encoder=ENCODER)
    with pytest.raises(NotEnoughDataError, match="curator embed"):
        evaluate.run(config, store, None)
    rows = views.current(store, "support")
    words = {"refund": 0, "charged": 0, "money": 0, "parcel": 1, "package": 1}
    made_ND = np.zeros((rows.height, 3), dtype=np.float32)
    for n, text in enumerate(rows["text"]):
        made_ND[n, next((k for word, k in words.items() if word in text), 2)] = 1
    vectors.add(store, ENCODER.name, ENCODER.revision, rows["content_hash"].to_list(), made_ND)
    report = evaluate.run(config, store, None).report
    assert report.contestants["cheap"].kind == "baseline"
    assert report.contestants["cheap"].accuracy.value >= 0.9
    assert report.contestants["cheap"].latency is None
    runs.record(store, TrainingRun("run_a", "support", 1, "sft", "local/base", None, {}, "path", "state", "finished"))
    lazy = contestants.parse_models("student=run_a,cheap=baseline", store, "support")
    speaker = StandIn(lambda path, text: Completion("refund", 0.1, 9, 1))
    noted = evaluate.run(evaluate.EvaluateConfig("support@1", lazy, encoder=ENCODER), store, speaker).report
    assert "The cheap baseline wins" in noted.notes[0]
    assert len(LABELS) == len(report.contestants["cheap"].per_class or ())
    test_ids = [row["example_id"] for row in rows.iter_rows(named=True) if row["split"] == "test"][:2]
    near = failures.train_rows_near(store, "support", test_ids, ENCODER, each=3)
    assert 3 <= len(near) <= 6
    assert set(near) <= set(rows.filter(rows["split"] == "train")["example_id"])
    with pytest.raises(RequestError, match="at least 1"):
        failures.train_rows_near(store, "support", test_ids, ENCODER, each=0)

"""The part `suspects` of the suite `curation`, in small: ours, cleanlab, neighbours and chance on the same rows."""

from pathlib import Path

import pytest

from curator.errors import RequestError
from pipelines.bench import suspects
from tests.curator.curation_data import shared

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.mark.slow
def test_ours_leads_neighbours_and_chance_and_the_report_says_what_was_compared(tmp_path: Path) -> None:
    shared("banking77/train.jsonl")
    part = suspects.run(None, tmp_path, quick=True, sets=["banking77"])
    mean = {method: values.average_precision for method, values in part.mean.items()}
    assert mean["ours"] > mean["neighbours alone"] > 3 * mean["random"]
    assert mean["ours"] > 0.9
    assert len(part.settings) == 3
    assert ("cleanlab self-confidence" in mean) == (part.cleanlab is not None)
    said = "\n".join(suspects.lines(part))
    assert "| banking77 | uniform 10 % | 10.0% |" in said
    assert ("not installed" in said) == (part.cleanlab is None)


def test_a_set_that_there_is_none_of_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="there are languages, advising"):
        suspects.run(None, tmp_path, quick=True, sets=["imagenet"])

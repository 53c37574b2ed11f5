"""Clusters that do not move: average linkage on cosine distance, named by their own words.

Average linkage with a distance threshold recovers the true share of a dominant scenario where k-means with
a fixed k splits it up. Large sets go through many k-means centroids, which are then linked exactly, by their sizes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from curator.composition.selection import select
from curator.text import title_words, visible

CLUSTER_THRESHOLD = 0.5
"""Cosine distance at which clusters stop merging; calibrated for all-MiniLM-L6-v2 (scenarios of tickets: rows
of one scenario are 0.26 apart, of one class 0.54, of two classes 0.84)."""
_DIRECT = 2500  # rows linked one by one; the distances of 2,500 rows take 25 MB, of 10,000 rows 400 MB
_CENTROIDS = 1024
_SAMPLE = 20_000  # rows that k-means learns from


@dataclass(frozen=True, slots=True)
class ClusterResult:
    """Clusters of N rows, numbered from 0 by falling size.

    Attributes:
        labels_N: The cluster of each row.
        names: A name for each cluster: its most telling words, or letters where words do not repeat.
        sizes: Rows in each cluster.
        representatives: For each cluster the rows nearest to its centre, nearest first (at most 3).
        threshold: The cosine distance used.
    """

    labels_N: NDArray[np.int64]
    names: tuple[str, ...]
    sizes: tuple[int, ...]
    representatives: tuple[tuple[int, ...], ...]
    threshold: float


def cluster(
    vectors_ND: NDArray[np.float32], texts: Sequence[str], *, seed: int, threshold: float = CLUSTER_THRESHOLD
) -> ClusterResult:
    """Cluster unit vectors; the clusters do not depend on the order of the rows.

    Args:
        vectors_ND: Embeddings of unit length.
        texts: The texts, for the names.
        seed: Seed of k-means above 2,500 rows; its starts are fixed, so the clusters hardly depend on it.
        threshold: Cosine distance, 0..2; belongs to the encoder.

    Raises:
        ValueError: There is not one vector for each text.
    """
    if vectors_ND.ndim != 2 or len(vectors_ND) != len(texts):
        msg = f"vectors have shape {vectors_ND.shape} for {len(texts)} texts; expected one vector for each"
        raise ValueError(msg)
    if len(texts) == 0:
        return ClusterResult(np.zeros(0, np.int64), (), (), (), threshold)
    # Sort by content, so that neither k-means nor ties in the linkage see the order of the rows.
    order = np.lexsort(np.round(vectors_ND[:, : min(8, vectors_ND.shape[1])].T, 5))
    found_N = np.empty(len(texts), dtype=np.int64)
    found_N[order] = _link(vectors_ND[order], threshold, seed)
    labels_N = _by_size(found_N, order)
    sizes = np.bincount(labels_N)
    return ClusterResult(
        labels_N=labels_N,
        names=name_clusters(texts, labels_N),
        sizes=tuple(int(size) for size in sizes),
        representatives=tuple(_nearest_to_centre(vectors_ND, np.flatnonzero(labels_N == c)) for c in range(len(sizes))),
        threshold=threshold,
    )


def _link(vectors_ND: NDArray[np.float32], threshold: float, seed: int) -> NDArray[np.int64]:
    from sklearn.cluster import KMeans

    count = len(vectors_ND)
    if count == 1:
        return np.zeros(1, dtype=np.int64)
    if count <= _DIRECT:
        return _average_linkage(vectors_ND, threshold)
    step = max(1, count // _SAMPLE)
    sample = np.ascontiguousarray(vectors_ND[::step])
    # Farthest-first starts are set by the data alone, so that another seed gives the same clusters.
    start = sample[select(sample, min(_CENTROIDS, count // 8), "kcenter", seed)]
    model = KMeans(len(start), init=start, n_init=1, max_iter=30, random_state=seed).fit(sample)
    near_N = model.predict(np.ascontiguousarray(vectors_ND))
    used = np.unique(near_N)
    # The distance of two groups under average linkage is that of their mean vectors, left at their own length.
    means_KD = np.stack([vectors_ND[near_N == group].mean(axis=0) for group in used]).astype(np.float64)
    sizes_K = np.bincount(near_N)[used]
    linked_K = _link_means(means_KD, sizes_K, threshold)
    return np.asarray(linked_K[np.searchsorted(used, near_N)])


def _average_linkage(vectors_ND: NDArray[np.float32], threshold: float) -> NDArray[np.int64]:
    upper = np.triu_indices(len(vectors_ND), k=1)
    distance = np.clip(1.0 - (vectors_ND @ vectors_ND.T)[upper], 0.0, 2.0).astype(np.float64)
    # The sixth digit differs between ways of adding up: without rounding, ties would break by chance.
    merges = scipy.cluster.hierarchy.linkage(np.round(distance, 5), "average")
    return np.asarray(scipy.cluster.hierarchy.fcluster(merges, threshold, "distance"), dtype=np.int64)


def _link_means(means_KD: NDArray[np.float64], sizes_K: NDArray[np.int64], threshold: float) -> NDArray[np.int64]:
    # Exact average linkage over groups of unequal size: the mean cosine between the members of two groups is
    # the inner product of their mean vectors, so merging needs the means and sizes alone.
    means, sizes = means_KD.copy(), sizes_K.astype(np.float64)
    label_K = np.arange(len(means))
    distance = 1.0 - means @ means.T
    np.fill_diagonal(distance, np.inf)
    while True:
        a, b = np.unravel_index(int(distance.argmin()), distance.shape)
        if distance[a, b] > threshold or not np.isfinite(distance[a, b]):
            return label_K
        means[a] = (sizes[a] * means[a] + sizes[b] * means[b]) / (sizes[a] + sizes[b])
        sizes[a] += sizes[b]
        label_K[label_K == b] = a
        row = 1.0 - means @ means[a]
        row[~np.isfinite(distance[a])] = np.inf
        row[[a, b]] = np.inf
        distance[a], distance[:, a] = row, row
        distance[b], distance[:, b] = np.inf, np.inf


def _by_size(found_N: NDArray[np.int64], order: NDArray[np.int64]) -> NDArray[np.int64]:
    # Number by falling size; equal sizes by their first row in content order.
    names, first, inverse, counts = np.unique(
        found_N[order], return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(len(names), dtype=np.int64)
    rank[np.lexsort((first, -counts))] = np.arange(len(names))
    labels_N = np.empty(len(found_N), dtype=np.int64)
    labels_N[order] = rank[inverse]
    return labels_N


def _nearest_to_centre(vectors_ND: NDArray[np.float32], rows: NDArray[np.int64], count: int = 3) -> tuple[int, ...]:
    cosine = vectors_ND[rows] @ vectors_ND[rows].mean(axis=0)
    return tuple(int(row) for row in rows[np.argsort(-np.round(cosine, 5), kind="stable")[:count]])


def name_clusters(texts: Sequence[str], labels_N: NDArray[np.int64], *, words: int = 3) -> tuple[str, ...]:
    """Name clusters by class-based TF-IDF (Grootendorst 2022): tf · log(1 + mean length / corpus count).

    Words are runs of letters and marks of any script; Chinese, Japanese and Thai are cut into words. A cluster without
    one (a word that stands once names nothing) is named by its character trigrams, then by its nearest text.
    """
    count = int(labels_N.max()) + 1 if len(labels_N) else 0
    documents = [" ".join(texts[row] for row in np.flatnonzero(labels_N == c).tolist()) for c in range(count)]
    by_word = _telling_terms(documents, words, tokenizer=title_words, token_pattern=None)
    by_gram = _telling_terms(
        [visible(document) for document in documents], words, analyzer="char_wb", ngram_range=(3, 3)
    )
    names = []
    for c in range(count):
        repeated = [term for term, times in by_word[c] if times > 1]
        terms = repeated or [term.strip() for term, _ in by_word[c]] or [term.strip() for term, _ in by_gram[c]]
        if not terms or max(map(len, terms)) > 30:
            terms = [term.strip() for term, _ in by_gram[c]]
        names.append(", ".join(dict.fromkeys(term for term in terms if term)) or f"cluster {c}")
    return tuple(names)


def _telling_terms(documents: list[str], words: int, **options: object) -> list[list[tuple[str, int]]]:
    from sklearn.feature_extraction.text import CountVectorizer

    try:
        vectorizer = CountVectorizer(max_features=20_000, **options)
        counts_CV = vectorizer.fit_transform(documents).tocsr().astype(np.float64)
    except ValueError:  # no document has a term
        return [[] for _ in documents]
    terms = vectorizer.get_feature_names_out()
    corpus_V = np.asarray(counts_CV.sum(axis=0)).ravel()
    weight_V = np.log1p(corpus_V.sum() / len(documents) / corpus_V)
    found: list[list[tuple[str, int]]] = []
    for c in range(len(documents)):
        row = counts_CV[c]
        score = row.data * weight_V[row.indices]
        best = np.lexsort((terms[row.indices], -score))[:words]
        found.append([(str(terms[row.indices[place]]), int(row.data[place])) for place in best])
    return found

"""Comparisons on a real argilla-server: A or B, by people, and back as preference pairs."""

from pathlib import Path

import pytest

from storage.review import comparisons
from tests.argilla.annotators import Annotator
from tests.argilla.lab import open_lab
from tests.argilla.server import ArgillaServer
from tests.cli.command import write_jsonl

pytestmark = [pytest.mark.slow, pytest.mark.argilla]


def test_preferences_go_out_with_swapped_sides_and_come_back_once(
    server: ArgillaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_lab(server, "preferences", tmp_path, monkeypatch) as lab:
        right = [{"id": ident, "label": label, "text": _text(lab, ident)} for ident, label in lab.truth.items()]
        file = write_jsonl(tmp_path / "second.jsonl", right)
        lab.curator.ok("ingest", file, "--dataset", "support", "--source", "teacher", "--labeler", "second")
        batch = lab.curator.ok("pairs", "compare", "--a", "gpt", "--b", "second", "--dataset", "support")["batch"]
        rows = {r["comparison"]: r for r in comparisons.of_batch(lab.store, batch).iter_rows(named=True)}
        assert {r["left_side"] for r in rows.values()} == {"a", "b"}

        sent = lab.curator.ok("route", "--plan", batch, "--to", "argilla")
        assert (sent["added"], sent["on_board"], sent["refused"]) == (len(rows), len(rows), [])
        again = lab.curator.ok("route", "--plan", batch, "--to", "argilla")
        assert (again["created"], again["added"], again["unchanged"]) == (False, 0, len(rows))

        def better(text: str) -> str:
            """The true label is the second source's answer, on whichever side it stands; the last card is a tie."""
            shown = text.split("\n\n--- A ---\n")[1]
            first = shown.split("\n\n--- B ---\n")[0]
            row = next(r for r in rows.values() if text.startswith(r["text"] + "\n\n"))
            return "tie" if row["position"] == 0 else "A" if first == row["b"] else "B"

        ana = lab.annotator("ana")
        ana = Annotator(ana.client, better)
        cards = ana.pending(f"curator-support-{batch}")
        assert len(cards) == len(rows)
        assert all(not card["suggestions"] for card in cards)
        ana.answer(cards)
        back = lab.curator.ok("pull", "--plan", batch)
        assert (back["pulled"], back["left_out"]) == (len(rows), {})
        assert lab.curator.ok("pull", "--plan", batch)["pulled"] == 0

        said = comparisons.answers(lab.store, "support", batch=batch)
        assert sorted(said["choice"].unique()) == ["b", "tie"]
        assert set(said["reviewer"]) == {"ana"}
        built = lab.curator.ok("pairs", "build", "--dataset", "support", "--labeler", "second")
        assert built["dropped"]["tie"] == 1
        assert 0 < built["by_source"]["preference"] < len(rows)

        ana.change(cards[0], "discarded")
        withdrawn = lab.curator.ok("pull", "--plan", batch)
        assert (withdrawn["pulled"], withdrawn["taken_back"]) == (1, 1)  # a skip, and the answer before it


def _text(lab: object, ident: str) -> str:
    from storage.dataset import examples

    rows = examples.frame(lab.store, "support")  # type: ignore[attr-defined]
    return str(rows.filter(rows["external_id"] == ident)["text"][0])

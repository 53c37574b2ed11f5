"""People at the board, scripted: they see what Argilla's own page would show them, and answer over its API."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

AT_ONCE = 100
PENDING = {
    "filters": {
        "and": [{"type": "terms", "scope": {"entity": "response", "property": "status"}, "values": ["pending"]}]
    },
    "sort": [{"scope": {"entity": "record", "property": "inserted_at"}, "order": "asc"}],
}
Card = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Annotator:
    """One user. `says` gives the answer to a card's text."""

    client: httpx.Client
    says: Callable[[str], str]

    def pending(self, dataset: str) -> list[Card]:
        """The cards that wait for this user, by the same search that the page makes."""
        query: dict[str, list[str] | int] = {"include": ["responses", "suggestions"], "limit": 1000}
        path = f"/api/v1/me/datasets/{self._id(dataset)}/records/search"
        found = self.client.post(path, params=query, json=PENDING).raise_for_status().json()
        return [item["record"] for item in found["items"]]

    def answer(self, cards: list[Card], *, status: str = "submitted") -> None:
        """Answer cards, a hundred a request."""
        for start in range(0, len(cards), AT_ONCE):
            items = [
                {
                    "record_id": card["id"],
                    "status": status,
                    "values": {"label": {"value": self.says(card["fields"]["text"])}},
                }
                for card in cards[start : start + AT_ONCE]
            ]
            done = self.client.post("/api/v1/me/responses/bulk", json={"items": items}).raise_for_status().json()
            assert not [item for item in done["items"] if item["error"]]

    def discard_without_values(self, card: Card) -> httpx.Response:
        """What breaks the server's own answer, and the SDK afterwards."""
        path = f"/api/v1/records/{card['id']}/responses"
        return self.client.post(path, json={"status": "discarded"}, headers={"Connection": "close"})

    def change(self, card: Card, status: str) -> None:
        """Discard an answer that was submitted, or make it a draft again."""
        mine = self.client.get("/api/v1/me").raise_for_status().json()["id"]
        stored = self.client.get(f"/api/v1/records/{card['id']}").raise_for_status().json()
        response = next(r for r in stored["responses"] if r["user_id"] == mine)
        body = {"status": status, "values": response["values"]}
        self.client.put(f"/api/v1/responses/{response['id']}", json=body).raise_for_status()

    def _id(self, dataset: str) -> str:
        listed = self.client.get("/api/v1/me/datasets").raise_for_status().json()["items"]
        return next(str(d["id"]) for d in listed if d["name"] == dataset)

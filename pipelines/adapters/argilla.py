"""An Argilla 2.x server as the review board.

The SDK connects and knows workspaces and users. Records and responses go over the same connection as plain HTTP:
one discarded response without values (the server answers 500 and stores it) breaks every reading through the SDK.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import httpx

from curator.errors import ReviewBoardError
from curator.ports import BoardEntry, BoardForm, BoardRecord, Progress, RefusedRecord
from pipelines.adapters import argilla_json

RECORDS_AT_ONCE = 500
"""Most records that the server takes in one request."""
PAGE = 500
DELETE_BATCH = 100
TIMEOUT_S = 120
CONNECT_RETRIES = 2
_SHOWN = 300


class _Refused(ReviewBoardError):
    """The server understood the request and said no (422, 400, 413)."""


class ArgillaBoard:
    """Datasets of one workspace, which is made if it is missing.

    Raises:
        ReviewBoardError: No key, a wrong key, no server, or no Argilla server at the address.
    """

    name = "argilla"

    def __init__(self, url: str, key: str, workspace: str) -> None:
        import argilla

        self._url = url.rstrip("/")
        with self._speaking("connect"):
            # Asked first by hand: the SDK keeps its connection open for ever where the answer is no.
            with httpx.Client(base_url=self._url, headers={"X-Argilla-Api-Key": key}, timeout=TIMEOUT_S) as probe:
                probe.get("/api/v1/me").raise_for_status().json()["role"]
            self._client = argilla.Argilla(api_url=self._url, api_key=key, timeout=TIMEOUT_S, retries=CONNECT_RETRIES)
        try:
            with self._speaking(f"open workspace {workspace!r}"):
                there = next((w for w in self._client.workspaces if w.name == workspace), None)
                self._workspace = there or argilla.Workspace(name=workspace, client=self._client).create()
        except ReviewBoardError:
            self.close()
            raise
        self._ids: dict[str, str] = {}

    def close(self) -> None:
        """End the connection."""
        self._client.http_client.close()

    def find(self, dataset: str) -> bool:
        """Whether the workspace has this dataset, published."""
        found = self._dataset(dataset)
        return found is not None and found["status"] == "ready"

    def open(self, form: BoardForm) -> bool:
        """Make and publish the dataset; one that a dying server left half made is made anew.

        Raises:
            ReviewBoardError: The dataset is there with another question, or the server failed or refused.
        """
        found = self._dataset(form.name)
        if found is not None and found["status"] == "ready":
            self._check_form(found["id"], form)
            self._set_overlap(found, form.overlap)
            return False
        if found is not None:
            self._call("DELETE", f"datasets/{found['id']}", "remove a half-made dataset")
        made = self._call("POST", "datasets", f"create dataset {form.name!r}", json=self._dataset_body(form))
        self._ids[form.name] = made["id"]
        for kind, body in argilla_json.parts(form):
            self._call("POST", f"datasets/{made['id']}/{kind}", f"create {kind} of {form.name!r}", json=body)
        self._call("PUT", f"datasets/{made['id']}/publish", f"publish {form.name!r}")
        return True

    def entries(self, dataset: str, progress: Progress) -> list[BoardEntry]:
        """Every record with its responses, in the order they came.

        The server stores records before it makes them searchable, and people see only the searchable ones. Where it
        died in between, no record shows a fingerprint, so that the next push brings all of them up to date.

        Raises:
            ReviewBoardError: The server failed, or the dataset kept changing while it was read.
        """
        names = self._users()
        path = f"datasets/{self._id(dataset)}/records"
        found: dict[str, BoardEntry] = {}
        offset, total = 0, 1
        while offset < total:
            query = {"include": "responses", "offset": offset, "limit": PAGE}
            with self._speaking(f"read records of {dataset!r}"):
                page = self._call("GET", path, f"read records of {dataset!r}", params=query)
                total = int(page["total"])
                found |= {item["id"]: argilla_json.entry(item, names) for item in page["items"]}
            offset += PAGE
            progress(min(offset, total), total)
        if len(found) != total:
            msg = (
                f"{dataset!r} on {self._url} changed while it was read ({len(found)} of {total} records); run it again"
            )
            raise ReviewBoardError(msg)
        searchable = self._call("POST", f"{path}/search", f"count records of {dataset!r}", json={}, params={"limit": 1})
        if searchable["total"] != total:
            return [replace(e, fingerprint=None) for e in found.values()]
        return list(found.values())

    def push(self, dataset: str, records: Sequence[BoardRecord], progress: Progress) -> list[RefusedRecord]:
        """Create or update records, 500 a request. A batch with a bad record is halved until that one stands alone."""
        question = self._question(self._id(dataset))
        refused: list[RefusedRecord] = []
        for start in range(0, len(records), RECORDS_AT_ONCE):
            refused += self._upsert(
                dataset, [argilla_json.item(r, question) for r in records[start : start + RECORDS_AT_ONCE]]
            )
            progress(min(start + RECORDS_AT_ONCE, len(records)), len(records))
        return refused

    def remove(self, dataset: str, entries: Sequence[BoardEntry]) -> None:
        """Delete records with their responses, 100 a request."""
        for start in range(0, len(entries), DELETE_BATCH):
            ids = ",".join(e.handle for e in entries[start : start + DELETE_BATCH])
            self._call("DELETE", f"datasets/{self._id(dataset)}/records", "delete records", params={"ids": ids})

    def _upsert(self, dataset: str, items: list[dict[str, Any]]) -> list[RefusedRecord]:
        try:
            path = f"datasets/{self._id(dataset)}/records/bulk"
            self._call("PUT", path, f"send {len(items)} records to {dataset!r}", json={"items": items})
        except _Refused as error:
            if len(items) == 1:
                return [RefusedRecord(str(items[0]["external_id"]), str(error))]
            half = len(items) // 2
            return self._upsert(dataset, items[:half]) + self._upsert(dataset, items[half:])
        return []

    def _users(self) -> dict[str, str]:
        """User id -> name: everybody for an owner's key, else the workspace's members."""
        with self._speaking("list the users"):
            me = self._client.me
            people = self._client.users if me.role == "owner" else self._workspace.users
            return {str(u.id): str(u.username) for u in (*people, me)}

    def _dataset(self, name: str) -> dict[str, Any] | None:
        query = {"workspace_id": str(self._workspace.id)}
        with self._speaking("list the datasets"):
            listed = self._call("GET", "me/datasets", "list the datasets", params=query)
            found: dict[str, Any] | None = next((d for d in listed["items"] if d["name"] == name), None)
            if found is not None:
                self._ids[name] = found["id"]
            return found

    def _id(self, name: str) -> str:
        if name not in self._ids and self._dataset(name) is None:
            msg = (
                f"{self._url} has no dataset {name!r} in workspace {self._workspace.name!r}; run `curator route` first"
            )
            raise ReviewBoardError(msg)
        return self._ids[name]

    def _dataset_body(self, form: BoardForm) -> dict[str, Any]:
        return {
            "name": form.name,
            "guidelines": form.guidelines,
            "workspace_id": str(self._workspace.id),
            "allow_extra_metadata": False,
            "distribution": {"strategy": "overlap", "min_submitted": form.overlap},
        }

    def _question(self, dataset_id: str) -> dict[str, Any]:
        with self._speaking("read the questions"):
            listed = self._call("GET", f"datasets/{dataset_id}/questions", "read the questions")
            found: dict[str, Any] | None = next((q for q in listed["items"] if q["name"] in ("label", "answer")), None)
        if found is None:
            msg = f"dataset {dataset_id} on {self._url} has no question `label` or `answer`; it was not made by Curator"
            raise ReviewBoardError(msg)
        return found

    def _check_form(self, dataset_id: str, form: BoardForm) -> None:
        options = self._question(dataset_id)["settings"].get("options")
        there = {o["value"] for o in options} if options is not None else None
        expected = set(form.labels) if form.labels is not None else None
        if there != expected:
            odd = sorted((there or set()) ^ (expected or set()))[:5]
            msg = (
                f"{form.name!r} on {self._url} asks another question than the task does now (they differ in "
                f"{', '.join(odd) or 'their kind'}); pull what was answered, delete it there, and route again"
            )
            raise ReviewBoardError(msg)

    def _set_overlap(self, found: dict[str, Any], overlap: int) -> None:
        """Change how many answers a record needs. The server refuses that once there are answers, and says so."""
        if found.get("distribution", {}).get("min_submitted") != overlap:
            body = {"distribution": {"strategy": "overlap", "min_submitted": overlap}}
            self._call("PATCH", f"datasets/{found['id']}", f"set the overlap of {found['name']!r}", json=body)

    def _call(self, method: str, path: str, doing: str, **arguments: Any) -> Any:  # noqa: ANN401 - JSON
        with self._speaking(doing):
            ask = partial(self._client.http_client.request, method, f"/api/v1/{path}", **arguments)
            try:
                answer = ask()
            except (httpx.ReadError, httpx.RemoteProtocolError):  # the server hangs up after an error of its own
                if method == "POST":
                    raise
                answer = ask()
            answer.raise_for_status()
            return answer.json() if answer.content else None

    @contextmanager
    def _speaking(self, doing: str) -> Iterator[None]:
        """Turn what the SDK and the connection raise into what happened and what to do."""
        from argilla._exceptions import ArgillaAPIError, ArgillaCredentialsError, ArgillaError

        try:
            yield
        except ReviewBoardError:
            raise
        except ArgillaCredentialsError as error:
            raise ReviewBoardError(self._explain(401, doing, "")) from error
        except ArgillaAPIError as error:
            raise ReviewBoardError(self._explain(error.status_code, doing, str(error))) from error
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            kind = _Refused if status in (400, 413, 422) else ReviewBoardError
            raise kind(self._explain(status, doing, error.response.text)) from error
        except httpx.TimeoutException as error:
            msg = f"the Argilla server at {self._url} did not answer in {TIMEOUT_S} s ({doing}); run the command again"
            raise ReviewBoardError(msg) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            msg = (
                f"no Argilla server answers at {self._url} ({doing}: {error or type(error).__name__}); start it or set "
                "ARGILLA_API_URL, then run the command again: what it took before is kept"
            )
            raise ReviewBoardError(msg) from error
        except (ValueError, KeyError, TypeError, ArgillaError) as error:
            msg = f"{self._url} answers, but not as an Argilla 2 server does ({doing}: {str(error)[:_SHOWN]})"
            raise ReviewBoardError(msg) from error

    def _explain(self, status: int, doing: str, detail: str) -> str:
        hint = {
            401: "the key is wrong; set ARGILLA_API_KEY to the key of an owner (Argilla, My settings)",
            403: "the key's user may not do that; use the key of an owner, or of an admin of an existing workspace",
            404: "it is not there (any more); check the address and the workspace, and run `curator route` again",
            409: "it exists already, made by somebody else a moment ago; run the command again",
            422: "the server refused a value",
        }.get(status, "the server failed; see its log, then run the command again: what it took before is kept")
        said = f": {detail[:_SHOWN]}" if detail else ""
        return f"Argilla at {self._url} ({doing}) answered {status}: {hint}{said}"

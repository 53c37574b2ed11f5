"""Simulated reviewers, over the app's own websocket: `python -m pipelines.bench.visitors < request.json > report.json`.

Each visitor is a signed-in session of its own, with a cookie signed as Streamlit signs one (whoever runs this made
the app's cookie secret), opens the Review page, and answers card after card as the browser's component does: from a
prefetched queue, keeping an answer until the server names its id as stored. `curator bench review` measures with it.
"""

import asyncio
import json
import random
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from pipelines.bench.visit import Visit

COMPONENT = "curator_review_queue"
XSRF = "6375726174"  # a token proves nothing but that cookie and handshake agree
SILENCE_S = 60.0
"""A server that says nothing for so long has failed the visitor."""


@dataclass(frozen=True, slots=True)
class Request:
    """Who visits where. `think_s` is the mean time that a reviewer looks at a card; `until` is a wall-clock time."""

    origin: str
    secret: str
    page: str
    query: str
    reviewers: tuple[str, ...]
    labels: tuple[str, ...]
    think_s: float
    until: float
    seed: int


class Session:
    """One browser's end of the app's websocket, as far as the review component needs it."""

    def __init__(self, socket: websockets.ClientConnection, visit: Visit) -> None:
        self.socket = socket
        self.visit = visit
        self.page_hash = self.fragment = self.component = ""
        self.data: dict[str, Any] = {}
        self.arrived = asyncio.Event()

    async def open(self, page: str, query: str) -> None:
        """Ask for the page, as a browser that has just loaded does."""
        message = BackMsg()
        message.rerun_script.page_name = page
        message.rerun_script.query_string = query
        await self.socket.send(message.SerializeToString())

    async def act(self, sent: int, actions: list[dict[str, Any]]) -> None:
        """Set the component's state, which reruns its fragment."""
        message = BackMsg()
        message.rerun_script.page_script_hash = self.page_hash
        message.rerun_script.fragment_id = self.fragment
        widget = message.rerun_script.widget_states.widgets.add()
        widget.id = self.component
        widget.json_value = json.dumps({"actions": {"sent": sent, "list": actions}})
        await self.socket.send(message.SerializeToString())

    async def listen(self) -> None:
        """Take in what the server sends, until the connection ends."""
        async for raw in self.socket:
            message = ForwardMsg()
            message.ParseFromString(raw if isinstance(raw, bytes) else raw.encode())
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.page_hash = message.new_session.page_script_hash
            elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                self._element(message)

    def _element(self, message: ForwardMsg) -> None:
        element = message.delta.new_element
        what = element.WhichOneof("type")
        if what == "exception":
            self.visit.errors.append(f"{element.exception.type}: {element.exception.message}"[:300])
        elif what == "alert":
            self.visit.errors.append(f"shown: {element.alert.body}"[:300])
        elif what == "bidi_component" and element.bidi_component.component_name.endswith(COMPONENT):
            self.component, self.fragment = element.bidi_component.id, message.delta.fragment_id
            self.data = json.loads(element.bidi_component.json or element.bidi_component.mixed.json)
            self.arrived.set()

    async def news(self) -> dict[str, Any]:
        """The component's next data."""
        await asyncio.wait_for(self.arrived.wait(), SILENCE_S)
        self.arrived.clear()
        return self.data


def cookie(request: Request, reviewer: str) -> str:
    """The header of somebody who has signed in."""
    claims = {"origin": request.origin, "is_logged_in": True, "email": reviewer, "email_verified": True}
    user = create_signed_value(request.secret, "_streamlit_user", json.dumps(claims)).decode()
    return f"_streamlit_xsrf={XSRF}; _streamlit_user={user}"


async def visit(request: Request, reviewer: str) -> Visit:
    """Review until the time is over, then wait for the last answers to be stored."""
    done, rng = Visit(reviewer), random.Random(f"{request.seed} {reviewer}")
    await asyncio.sleep(rng.uniform(0, request.think_s))  # people do not arrive in step
    url = request.origin.replace("http", "ws", 1) + "/_stcore/stream"
    try:
        async with websockets.connect(
            url,
            origin=request.origin,  # type: ignore[arg-type]  # a NewType of str
            subprotocols=["streamlit", XSRF],  # type: ignore[list-item]
            additional_headers={"Cookie": cookie(request, reviewer)},
            max_size=None,
            open_timeout=SILENCE_S,
        ) as socket:
            session = Session(socket, done)
            ear = asyncio.create_task(session.listen())
            await _review(session, request, rng)
            ear.cancel()
    except (OSError, TimeoutError, websockets.WebSocketException) as error:
        done.errors.append(f"{type(error).__name__}: {error}"[:300])
    return done


async def _review(session: Session, request: Request, rng: random.Random) -> None:
    done, began = session.visit, time.perf_counter()
    await session.open(request.page, request.query)
    data = await session.news()
    done.first_card_s = time.perf_counter() - began
    queue: list[dict[str, Any]] = []
    decided: set[str] = set()
    waiting: dict[str, tuple[dict[str, Any], float]] = {}
    sent = 0
    while True:
        _take_in(data, queue, decided, waiting, done)
        over = time.time() > request.until
        if over and not waiting:
            return
        if not queue and not over:
            done.ran_dry += 1
        if queue and not over:
            await asyncio.sleep(rng.uniform(0.5, 1.5) * request.think_s)
            action = _answer(queue.pop(0), sent, request, rng)
            decided.add(action["task_id"])
            waiting[action["action_id"]] = (action, time.perf_counter())
        elif not waiting:
            return  # nothing is left
        sent += 1
        session.arrived.clear()
        await session.act(sent, [action for action, _ in waiting.values()])
        data = await session.news()


def _take_in(
    data: dict[str, Any],
    queue: list[dict[str, Any]],
    decided: set[str],
    waiting: dict[str, tuple[dict[str, Any], float]],
    done: Visit,
) -> None:
    """What the component does with new data: settle answers, add cards that are new."""
    now = time.perf_counter()
    for ident in [*data["ack"], *data["refused"]]:
        if ident in waiting:
            _, since = waiting.pop(ident)
            done.saves.append(now - since)
            (done.refused if ident in data["refused"] else done.acknowledged).append(ident)
    for card in data["second_looks"]:
        if f"second {card['task_id']}" not in decided and all(c["task_id"] != card["task_id"] for c in queue):
            decided.add(f"second {card['task_id']}")
            queue.insert(0, {**card, "second": True})
    known = {card["task_id"] for card in queue} | decided
    for card in data["items"]:
        if card["task_id"] not in known:
            queue.append(card)
            done.handed.append(card["task_id"])


def _answer(card: dict[str, Any], count: int, request: Request, rng: random.Random) -> dict[str, Any]:
    value = card["first"] if card.get("second") else card["proposed"] or rng.choice(request.labels)
    verdict = "second_look" if card.get("second") else "edit"
    ident = f"{count:06d}-{rng.getrandbits(48):012x}"
    answer = {"action_id": ident, "task_id": card["task_id"], "verdict": verdict, "value": value}
    return answer | {"seconds": request.think_s, "note": None, "undoes": None}


async def _everybody(request: Request) -> list[Visit]:
    return await asyncio.gather(*(visit(request, reviewer) for reviewer in request.reviewers))


def main() -> None:
    """Read a request from standard input, visit, write what happened to standard output."""
    asked = json.loads(sys.stdin.read())
    asked["reviewers"], asked["labels"] = tuple(asked["reviewers"]), tuple(asked["labels"])
    json.dump([asdict(each) for each in asyncio.run(_everybody(Request(**asked)))], sys.stdout)


if __name__ == "__main__":
    main()

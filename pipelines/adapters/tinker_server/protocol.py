"""The Tinker protocol over HTTP, as client 0.38 speaks it. Loopback only.

Long work answers at once with a request id; the client then waits on `retrieve_future`.
"""

import json
import logging
import uuid
from collections.abc import Callable
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, cast

from pipelines.adapters.tinker_server import codec
from pipelines.adapters.tinker_server.checkpoints import RefusedError, Run, now
from pipelines.adapters.tinker_server.engine import Engine
from pipelines.adapters.tinker_server.model import IM_END
from pipelines.adapters.tinker_server.sampling import SampleResult

WAIT_S = 20.0
"""How long one retrieve_future waits; the client's own limit is 45 s."""
LARGEST_BODY = 64 * 2**20
JSON, PROTOBUF = "application/json", "application/x-protobuf"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, body and content type of an answer."""

    body: bytes
    kind: str = JSON
    status: int = 200


def as_json(value: object, status: int = 200) -> Reply:
    """Answer with JSON."""
    return Reply(json.dumps(value).encode(), JSON, status)


class Api:
    """One method for each endpoint; `body` is the parsed JSON."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.end_of_turn = {name: tokenizer.token_to_id(IM_END) for name, tokenizer in engine.tokenizers.items()}
        self.posts: dict[str, Callable[[dict[str, Any]], Reply]] = {
            "client/config": lambda _: as_json({"pjwt_auth_enabled": False}),
            "client/dynamic_config": lambda _: as_json({}),
            "create_session": lambda _: as_json({"type": "create_session", "session_id": uuid.uuid4().hex}),
            "session_heartbeat": lambda _: as_json({"type": "session_heartbeat"}),
            "telemetry": lambda _: as_json({"status": "accepted"}),
            "cancel_future": lambda _: as_json({}),
            "create_model": self.create_model,
            "load_weights": self.load_weights,
            "get_info": self.get_info,
            "weights_info": self.weights_info,
            "optim_step": self.optim_step,
            "save_weights": partial(self.save, "weights"),
            "save_weights_for_sampler": partial(self.save, "sampler_weights"),
            "create_sampling_session": self.create_sampling_session,
            "asample": self.asample,
            "retrieve_future": self.retrieve_future,
        }

    def queued(self, request: str, **more: object) -> Reply:
        """The promise of a result."""
        return as_json({"request_id": request, **more})

    def create_model(self, body: dict[str, Any]) -> Reply:
        """Start a training run from a base model."""
        name, metadata = f"{body['session_id']}:train:{body['model_seq_id']}", body.get("user_metadata") or {}

        def work() -> Reply:
            self.engine.create_model(name, body["base_model"], metadata)
            return as_json({"type": "create_model", "model_id": name})

        return self.queued(self.engine.submit(work, model=f"new {name}", seq=1), model_id=name)

    def load_weights(self, body: dict[str, Any]) -> Reply:
        """Start a training run from a checkpoint, or load one into a running model."""
        fresh = bool(body.get("session_id"))
        name = f"{body['session_id']}:train:{body['model_seq_id']}" if fresh else body["model_id"]
        metadata, optimizer = body.get("user_metadata") or {}, bool(body.get("optimizer"))

        def work() -> Reply:
            self.engine.load_model(name, body["path"], metadata, optimizer=optimizer)
            return as_json({"type": "load_weights", "path": body["path"], "model_id": name})

        order = (f"new {name}", 1) if fresh else (name, body.get("seq_id"))
        return self.queued(self.engine.submit(work, model=order[0], seq=order[1]), model_id=name)

    def get_info(self, body: dict[str, Any]) -> Reply:
        """What a model in training is."""
        run = self.engine.model(body["model_id"]).run
        data = {"arch": "qwen3", "model_name": run.base_model, "tokenizer_id": self.folder(run.base_model)}
        info = {"model_id": run.id, "model_name": run.base_model, "is_lora": False, "lora_rank": None}
        return as_json({"type": "get_info", **info, "model_data": data})

    def folder(self, base_model: str) -> str:
        """Where the tokenizer of a base model lies."""
        return str(self.engine.base_models[base_model])

    def weights_info(self, body: dict[str, Any]) -> Reply:
        """What a checkpoint needs to be loaded."""
        run = self.engine.store.run_of(body["tinker_path"])
        return as_json({"base_model": self.engine.served(run.base_model), "is_lora": False, "lora_rank": None})

    def forward_backward(self, raw: bytes) -> Reply:
        """Queue a forward, or forward and backward, pass."""
        message, data = codec.read_forward_backward(raw)
        name, backward = message.model_id, not message.forward_only

        def work() -> Reply:
            logprobs, loss = self.engine.forward_backward(name, data, backward=backward)
            return Reply(codec.write_forward_backward(logprobs, loss), PROTOBUF)

        return self.queued(self.engine.submit(work, model=name, seq=message.seq_id), model_id=name)

    def optim_step(self, body: dict[str, Any]) -> Reply:
        """Queue an optimizer step."""
        params = codec.read_adam(body)

        def work() -> Reply:
            return as_json({"metrics": self.engine.optim_step(body["model_id"], params)})

        return self.queued(self.engine.submit(work, model=body["model_id"], seq=body.get("seq_id")))

    def save(self, segment: str, body: dict[str, Any]) -> Reply:
        """Queue a checkpoint, or, without a name, a sampler in memory."""
        kind = "save_weights" if segment == "weights" else "save_weights_for_sampler"
        model, name = body["model_id"], body.get("path")

        def work() -> Reply:
            if segment == "sampler_weights" and not name:
                return as_json({"type": kind, "sampling_session_id": self.engine.snapshot(model)})
            saved = self.engine.save(model, segment, name or uuid.uuid4().hex[:8], body.get("user_metadata"))
            return as_json({"type": kind, "path": saved.path})

        return self.queued(self.engine.submit(work, model=model, seq=body.get("seq_id")))

    def create_sampling_session(self, body: dict[str, Any]) -> Reply:
        """Make a sampler from a base model or a checkpoint."""
        name = f"{body['session_id']}:sample:{body['sampling_session_seq_id']}"
        self.engine.new_sampler(name, body.get("base_model"), body.get("model_path"))
        return as_json({"type": "create_sampling_session", "sampling_session_id": name})

    def asample(self, body: dict[str, Any]) -> Reply:
        """Queue a sampling request."""
        sampler = self.engine.sampler(body["sampling_session_id"])
        request = codec.read_sample(body, self.end_of_turn[sampler.base_model])
        promise = self.engine.submit_sample(sampler.id, request, body.get("seq_id"))
        return self.queued(promise, sample_sequence_ids=[f"{promise}-{n}" for n in range(request.samples)])

    def retrieve_future(self, body: dict[str, Any]) -> Reply:
        """The result of a request, its failure, or the wish to be asked again."""
        try:
            result = self.engine.wait(body["request_id"], WAIT_S)
        except NotYet:
            return as_json({"type": "try_again", "request_id": body["request_id"], "queue_state": "active"})
        except KeyError:
            return as_json({"detail": "no such request; was the server restarted? Run again to resume"}, 404)
        except RefusedError as error:
            return as_json({"error": str(error), "category": "user"})
        except Exception as error:  # the worker has logged it
            return as_json({"error": f"{type(error).__name__}: {error}", "category": "server"})
        if isinstance(result, SampleResult):
            return Reply(codec.write_sample(result), PROTOBUF)
        return cast(Reply, result)

    def finish_session(self, session: str) -> Reply:
        """Free what the session holds in memory; its checkpoints stay."""
        self.engine.submit(lambda: self.engine.forget(session))
        return as_json({})

    def get(self, path: str) -> Reply | None:
        """The views; None where there is no such page."""
        store = self.engine.store
        match path.split("/"):
            case ["healthz"]:
                return as_json({"status": "ok"})
            case ["get_server_capabilities"]:
                return as_json({"supported_models": [self.capability(name) for name in self.engine.base_models]})
            case ["samplers", name]:
                sampler = self.engine.sampler(name)
                view = {"sampler_id": name, "base_model": sampler.base_model, "model_path": sampler.path}
                return as_json(view)
            case ["checkpoints"]:
                saved = [one.view() for one in store.of()]
                return as_json({"checkpoints": saved, "cursor": cursor(len(saved))})
            case ["training_runs"]:
                runs = [self.run_view(run) for run in list(store.runs.values())]
                return as_json({"training_runs": runs, "cursor": cursor(len(runs))})
            case ["training_runs", name] if name in store.runs:
                return as_json(self.run_view(store.runs[name]))
            case ["training_runs", name, "checkpoints"] if name in store.runs:
                return as_json({"checkpoints": [one.view() for one in store.of(name)], "cursor": None})
            case _:
                return None

    def capability(self, name: str) -> dict[str, Any]:
        """A base model as `get_server_capabilities` shows it."""
        length = self.engine.base(name).shape.max_position_embeddings
        return {"model_name": name, "max_context_length": length, "trainable": True, "sampleable": True}

    def run_view(self, run: Run) -> dict[str, Any]:
        """A training run as the REST interface shows it."""
        last = {one.segment: one.view() for one in self.engine.store.of(run.id)}
        return {
            "training_run_id": run.id,
            "base_model": run.base_model,
            "model_owner": "local",
            "is_lora": False,
            "lora_rank": None,
            "corrupted": False,
            "last_request_time": run.time if run.id not in self.engine.models else now(),
            "last_checkpoint": last.get("weights"),
            "last_sampler_checkpoint": last.get("sampler_weights"),
            "user_metadata": run.user_metadata,
        }

    def delete(self, path: str) -> Reply | None:
        """Remove a checkpoint; None where there is no such page."""
        match path.split("/"):
            case ["training_runs", run, "checkpoints", segment, name]:
                self.engine.store.delete(f"tinker://{run}/{segment}/{name}")
                return as_json({})
            case _:
                return None


def cursor(total: int) -> dict[str, int]:
    """Everything comes on one page."""
    return {"offset": 0, "limit": total, "total_count": total}


class Handler(BaseHTTPRequestHandler):
    """Reads a request, asks the `Api`, writes its answer."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body leave in one packet
    api: ClassVar[Api]

    def log_message(self, format: str, *args: object) -> None:
        """Keep the log for what matters."""

    def answer(self) -> Reply:
        """Find the answer to the request."""
        length = int(self.headers.get("content-length") or 0)
        host = (self.headers.get("host") or "").rsplit(":", 1)[0]
        if host not in ("127.0.0.1", "localhost", "[::1]"):  # a web page that rebinds its name to this machine
            return as_json({"detail": f"host {host!r}: this server answers on loopback only"}, 403)
        if length > LARGEST_BODY or self.headers.get("content-encoding", "identity") != "identity":
            return as_json({"detail": f"expected an uncompressed body of at most {LARGEST_BODY} bytes"}, 413)
        raw = self.rfile.read(length)
        path = self.path.split("?")[0].removeprefix("/api/v1/")
        reply: Reply | None = None
        if self.command == "GET":
            reply = self.api.get(path)
        elif self.command == "DELETE":
            reply = self.api.delete(path)
        elif path == "forward_backward":
            reply = self.api.forward_backward(raw)
        elif self.command == "POST" and path.startswith("sessions/") and path.endswith("/finish"):
            reply = self.api.finish_session(path.split("/")[1])
        elif path in self.api.posts:
            reply = self.api.posts[path](json.loads(raw) if raw else {})
        if reply is None:
            log.warning("not served here: %s %s", self.command, self.path)
            return as_json({"detail": f"{self.command} {path}: the local server does not have this"}, 404)
        return reply

    def handle_request(self) -> None:
        """Answer one request; a refusal is the client's to mend, anything else is ours."""
        try:
            reply = self.answer()
        except RefusedError as error:
            reply = as_json({"detail": str(error)}, 422)
        except (KeyError, TypeError, ValueError) as error:
            log.exception("a request that does not follow the protocol")
            reply = as_json({"detail": f"malformed request: {type(error).__name__}: {error}"}, 422)
        self.send_response(reply.status)
        self.send_header("content-type", reply.kind)
        self.send_header("content-length", str(len(reply.body)))
        if self.path.endswith("/client/config"):
            # The client asks this over a connection of its own and forgets to close it.
            self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(reply.body)

    do_GET = do_POST = do_DELETE = handle_request


class Server(ThreadingHTTPServer):
    """A thread for each connection; the client opens one for each request in flight."""

    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        """A client that hangs up is no error of ours."""
        log.debug("connection from %s ended early", client_address, exc_info=True)


def serve(engine: Engine, port: int) -> Server:
    """Bind to the loopback interface; port 0 takes a free one, see `server_address`."""
    handler = type("BoundHandler", (Handler,), {"api": Api(engine)})
    return Server(("127.0.0.1", port), handler)

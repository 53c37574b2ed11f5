"""Between the wire and the engine: protobuf and JSON on one side, plain records on the other."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tinker.proto import tinker_public_pb2 as pb

from pipelines.adapters.tinker_server.checkpoints import RefusedError
from pipelines.adapters.tinker_server.sampling import SampleRequest, SampleResult
from pipelines.adapters.tinker_server.training import AdamParams, Datum

DTYPES: dict[int, type[np.generic]] = {
    pb.DTYPE_FLOAT32: np.float32,
    pb.DTYPE_INT64: np.int64,
    pb.DTYPE_INT32: np.int32,
}


def read_forward_backward(body: bytes) -> tuple[pb.ForwardBackwardRequest, list[Datum]]:
    """Parse a forward_backward request.

    Returns:
        The message (for `model_id`, `seq_id`, `forward_only`) and its data.

    Raises:
        RefusedError: A loss or kind of input that a small text student does not have.
    """
    message = pb.ForwardBackwardRequest()
    message.ParseFromString(body)
    if message.loss_fn != "cross_entropy":
        raise RefusedError(f"loss_fn {message.loss_fn!r}: this local server has only 'cross_entropy' (SFT and DPO)")
    return message, [_datum(row, datum) for row, datum in enumerate(message.data)]


def _datum(row: int, datum: pb.Datum) -> Datum:
    tokens: list[int] = []
    for chunk in datum.model_input:
        if chunk.WhichOneof("chunk") != "encoded_text":
            raise RefusedError(f"datum {row} has a chunk that is not text; this local server reads text only")
        tokens.extend(np.frombuffer(chunk.encoded_text.tokens, np.int32).tolist())
    if "target_tokens" not in datum.loss_fn_inputs:
        raise RefusedError(f"datum {row} has no target_tokens")
    targets_T = _array(row, datum.loss_fn_inputs["target_tokens"]).astype(np.int64)
    if "weights" in datum.loss_fn_inputs:
        weights_T = _array(row, datum.loss_fn_inputs["weights"]).astype(np.float32)
    else:
        weights_T = np.ones(len(targets_T), np.float32)
    return Datum(tokens, targets_T, weights_T)


def _array(row: int, tensor: pb.Tensor) -> NDArray[Any]:
    if tensor.HasField("sparse_csr") or tensor.dtype not in DTYPES or len(tensor.shape) > 1:
        raise RefusedError(f"datum {row}: expected dense one-dimensional float32 or int64 loss inputs")
    return np.frombuffer(tensor.dense, DTYPES[tensor.dtype])


def write_forward_backward(logprobs: Sequence[NDArray[np.float32]], loss: float) -> bytes:
    """Encode log-probabilities (one [T] array a datum) and the summed loss."""
    output = pb.ForwardBackwardOutput(loss_fn_output_type="ArrayRecord")
    output.metrics["loss:sum"] = loss
    record = output.loss_fn_outputs.add()
    record.num_datums = len(logprobs)
    field = record.fields["logprobs"]
    field.data = np.concatenate([np.zeros(0, np.float32), *logprobs]).astype(np.float32).tobytes()
    field.offsets = np.cumsum([0, *(part.nbytes for part in logprobs)]).astype(np.int64).tobytes()
    field.dtype = pb.DTYPE_FLOAT32
    return bytes(output.SerializeToString())


def read_sample(body: dict[str, Any], end_of_turn: int) -> SampleRequest:
    """Parse a sampling request; without stop sequences an answer ends at `end_of_turn`.

    Raises:
        RefusedError: It asks for something this local server does not compute.
    """
    for name in ("topk_prompt_logprobs", "topk_sample_logprobs", "prompt_alt_tokens_k", "target_prompt_logprobs"):
        if body.get(name):
            raise RefusedError(f"{name}: this local server does not compute it")
    prompt: list[int] = []
    for chunk in body["prompt"]["chunks"]:
        if chunk.get("type", "encoded_text") != "encoded_text":
            raise RefusedError(f"prompt chunk of type {chunk['type']!r}: this local server reads text only")
        prompt.extend(map(int, chunk["tokens"]))
    params = body.get("sampling_params") or {}
    stop = params.get("stop")
    stops = [end_of_turn] if stop is None else [stop] if isinstance(stop, str) else stop
    last = body.get("prompt_logprobs_last_n") or len(prompt)
    return SampleRequest(
        prompt=tuple(prompt),
        samples=body.get("num_samples", 1),
        max_tokens=params.get("max_tokens"),
        temperature=params.get("temperature", 1.0),
        top_k=params.get("top_k", -1),
        top_p=params.get("top_p", 1.0),
        seed=params.get("seed"),
        stop_tokens=frozenset(item for item in stops if isinstance(item, int)),
        stop_texts=tuple(item for item in stops if isinstance(item, str)),
        score_last=last if body.get("prompt_logprobs") else None,
    )


def write_sample(result: SampleResult) -> bytes:
    """Encode the answers to one sampling request."""
    output = pb.SampleResponse()
    for answer in result.sequences:
        sequence = output.sequences.add()
        sequence.tokens = np.array(answer.tokens, np.int32).tobytes()
        sequence.logprobs = np.array(answer.logprobs, np.float32).tobytes()
        sequence.stop_reason = pb.STOP_REASON_STOP if answer.stopped else pb.STOP_REASON_LENGTH
    if result.prompt_logprobs is not None:
        output.prompt_logprobs = np.array(result.prompt_logprobs, np.float32).tobytes()
    return bytes(output.SerializeToString())


def read_adam(body: dict[str, Any]) -> AdamParams:
    """Parse the settings of an optimizer step.

    Raises:
        RefusedError: Another optimizer than AdamW, or an unknown setting.
    """
    if "adam_params" not in body:
        raise RefusedError("optim_step without adam_params: this local server has only AdamW")
    unknown = set(body["adam_params"]) - set(AdamParams.__slots__) - {"type"}
    if unknown:
        raise RefusedError(f"adam_params has unknown settings {sorted(unknown)}")
    return AdamParams(**{name: value for name, value in body["adam_params"].items() if name != "type"})

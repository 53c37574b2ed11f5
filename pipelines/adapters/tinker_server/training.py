"""A model in training: gradients, optimizer steps, and what a checkpoint holds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from pipelines.adapters.tinker_server.checkpoints import RefusedError, Run
from pipelines.adapters.tinker_server.model import Student, by_length, pad

_TOKEN_BUDGET = 2048
"""Padded tokens in one pass: larger ones leave the processor's cache and are slower."""


@dataclass(frozen=True, slots=True)
class Datum:
    """One training sequence: tokens, the token to predict at each of them, and its weight. All of length T."""

    tokens: list[int]
    targets_T: NDArray[np.int64]
    weights_T: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class AdamParams:
    """Settings of one AdamW step; the defaults are those of the protocol. `grad_clip_norm` 0 is off."""

    learning_rate: float = 1e-4
    beta1: float = 0.9
    beta2: float = 0.95
    eps: float = 1e-12
    weight_decay: float = 0.0
    grad_clip_norm: float = 0.0


class TrainedModel:
    """All weights of one student, its gradients and its optimizer."""

    def __init__(self, run: Run, student: Student) -> None:
        self.run = run
        self.student = student
        self.optimizer = torch.optim.AdamW(student.parameters(), lr=0.0, fused=True)

    def forward_backward(self, data: Sequence[Datum], *, backward: bool) -> tuple[list[NDArray[np.float32]], float]:
        """Compute the weighted cross-entropy −Σ weight·logprob and, if asked, add up its gradients.

        Args:
            data: Sequences that passed `check`.
            backward: False computes only the forward pass.

        Returns:
            The log-probability of each target, a [T] array for each datum in order, and the summed loss.
        """
        outputs: list[NDArray[np.float32]] = [np.zeros(0, np.float32)] * len(data)
        total = 0.0
        for group in by_length([datum.tokens for datum in data], _TOKEN_BUDGET):
            total += self._one_pass([data[row] for row in group], group, outputs, backward=backward)
        return outputs, total

    def _one_pass(
        self, data: list[Datum], rows: list[int], outputs: list[NDArray[np.float32]], *, backward: bool
    ) -> float:
        """One padded pass; writes each datum's log-probabilities to `outputs` and returns the summed loss."""
        lengths = [len(datum.tokens) for datum in data]
        targets_N = torch.from_numpy(np.concatenate([datum.targets_T for datum in data]))
        weights_N = torch.from_numpy(np.concatenate([datum.weights_T for datum in data]))
        with torch.set_grad_enabled(backward):
            hidden_BTH = self.student.model(pad([datum.tokens for datum in data]))
            hidden_NH = torch.cat([hidden_BTH[place, :length] for place, length in enumerate(lengths)])
            matters = weights_N != 0 if backward else torch.zeros(len(weights_N), dtype=torch.bool)
            logprobs_N = torch.empty(len(targets_N))
            # Targets of weight zero have no gradient: report them, but keep no graph of the output layer.
            with torch.no_grad():
                logprobs_N[~matters] = self._logprobs(hidden_NH[~matters], targets_N[~matters])
            if backward and bool(matters.any()):
                weighted = self._logprobs(hidden_NH[matters], targets_N[matters])
                (-(weighted * weights_N[matters]).sum()).backward()  # type: ignore[no-untyped-call]
                logprobs_N[matters] = weighted.detach()
        for row, part in zip(rows, torch.split(logprobs_N, lengths), strict=True):
            outputs[row] = part.numpy().copy()
        return float(-(logprobs_N * weights_N).sum())

    def _logprobs(self, hidden_NH: Tensor, targets_N: Tensor) -> Tensor:
        return -F.cross_entropy(self.student.lm_head(hidden_NH), targets_N, reduction="none")

    def check(self, data: Sequence[Datum]) -> None:
        """Refuse sequences that the student cannot learn from.

        Raises:
            RefusedError: Names the datum and what was expected.
        """
        shape = self.student.shape
        for row, datum in enumerate(data):
            length = len(datum.tokens)
            if not 0 < length <= shape.max_position_embeddings:
                limit = shape.max_position_embeddings
                raise RefusedError(f"datum {row} has {length} tokens; this student reads 1 to {limit}")
            if len(datum.targets_T) != length or len(datum.weights_T) != length:
                found = f"{len(datum.targets_T)} targets and {len(datum.weights_T)} weights"
                raise RefusedError(f"datum {row} has {length} tokens, but {found}: expected as many")
            largest = max(max(datum.tokens), int(datum.targets_T.max()))
            if largest >= shape.vocab_size or min(min(datum.tokens), int(datum.targets_T.min())) < 0:
                raise RefusedError(
                    f"datum {row} has a token outside 0..{shape.vocab_size - 1}: was it made with another tokenizer?"
                )

    def step(self, params: AdamParams) -> dict[str, float]:
        """Take one AdamW step (arXiv:1711.05101) with the gradients added up since the last one."""
        group = self.optimizer.param_groups[0]
        group.update(lr=params.learning_rate, betas=(params.beta1, params.beta2), eps=params.eps)
        group["weight_decay"] = params.weight_decay
        norm = torch.nn.utils.clip_grad_norm_(self.student.parameters(), params.grad_clip_norm or float("inf"))
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return {"grad_norm": float(norm)}

    def weights(self) -> dict[str, Tensor]:
        """A copy of all weights by name."""
        return {name: tensor.detach().clone() for name, tensor in self.student.state_dict().items()}

    def optimizer_state(self) -> dict[str, Tensor]:
        """The optimizer's moments and step counts, flat: `<parameter>/<field>`."""
        names = {id(parameter): name for name, parameter in self.student.named_parameters()}
        return {
            f"{names[id(parameter)]}/{field}": torch.as_tensor(value).detach().clone()
            for parameter, state in self.optimizer.state.items()
            for field, value in state.items()
        }

    def restore_optimizer(self, state: dict[str, Tensor]) -> None:
        """Take over what `optimizer_state` gave."""
        parameters = dict(self.student.named_parameters())
        for key, value in state.items():
            name, field = key.rsplit("/", 1)
            self.optimizer.state[parameters[name]][field] = value.clone()

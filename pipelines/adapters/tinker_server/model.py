"""The student: a small decoder of the Qwen3 architecture, in plain PyTorch.

Parameter names and arithmetic are those of `transformers.Qwen3ForCausalLM` (Qwen3 Technical Report,
arXiv:2505.09388), so a folder written here loads there. Writing it out keeps the server free of
`transformers` (seconds of start) and lets it compute only what a request needs.
Axes: B rows, T positions, S cached positions, H hidden, A heads, D width of a head, V vocabulary.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

PAD, IM_START, IM_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"


@dataclass(frozen=True, slots=True)
class ModelShape:
    """The sizes of a student, named as in a Qwen3 `config.json`."""

    vocab_size: int
    hidden_size: int = 128
    intermediate_size: int = 384
    num_hidden_layers: int = 2
    num_attention_heads: int = 4
    num_key_value_heads: int = 2
    head_dim: int = 32
    rope_theta: float = 10000.0
    rms_norm_eps: float = 1e-6
    max_position_embeddings: int = 1024


class Norm(nn.Module):
    """Root mean square layer normalisation."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalise over the last axis."""
        return F.rms_norm(x, (x.shape[-1],), self.weight, self.eps)


class Cache:
    """Keys and values of the positions seen so far, for each layer: [B, heads, S, D]."""

    def __init__(self, shape: ModelShape, rows: int, length: int) -> None:
        size = (rows, shape.num_key_value_heads, length, shape.head_dim)
        self.keys = [torch.zeros(size) for _ in range(shape.num_hidden_layers)]
        self.values = [torch.zeros(size) for _ in range(shape.num_hidden_layers)]

    def keep(self, rows: Tensor) -> None:
        """Drop every row that is not in `rows` (indices)."""
        self.keys = [keys[rows] for keys in self.keys]
        self.values = [values[rows] for values in self.values]


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary position embedding (arXiv:2104.09864) in the half-split layout of Qwen."""
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-second, first), dim=-1) * sin


class Attention(nn.Module):
    """Grouped-query attention with normalised queries and keys."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        heads, kv_heads, width = shape.num_attention_heads, shape.num_key_value_heads, shape.head_dim
        self.heads, self.kv_heads, self.width = heads, kv_heads, width
        self.q_proj = nn.Linear(shape.hidden_size, heads * width, bias=False)
        self.k_proj = nn.Linear(shape.hidden_size, kv_heads * width, bias=False)
        self.v_proj = nn.Linear(shape.hidden_size, kv_heads * width, bias=False)
        self.o_proj = nn.Linear(heads * width, shape.hidden_size, bias=False)
        self.q_norm = Norm(width, shape.rms_norm_eps)
        self.k_norm = Norm(width, shape.rms_norm_eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, cache: Cache | None, layer: int, at: Tensor) -> Tensor:
        """Attend causally; with a cache, `x` is one new position a row, written at index `at` ([B])."""
        rows, length, _ = x.shape
        query = self.q_norm(self.q_proj(x).view(rows, length, self.heads, self.width)).transpose(1, 2)
        key = self.k_norm(self.k_proj(x).view(rows, length, self.kv_heads, self.width)).transpose(1, 2)
        value = self.v_proj(x).view(rows, length, self.kv_heads, self.width).transpose(1, 2)
        query, key = rotate(query, cos, sin), rotate(key, cos, sin)
        mask = None
        if cache is not None and length > 1:
            cache.keys[layer][:, :, :length], cache.values[layer][:, :, :length] = key, value
        elif cache is not None:
            every = torch.arange(rows)
            cache.keys[layer][every, :, at] = key[:, :, 0]
            cache.values[layer][every, :, at] = value[:, :, 0]
            key, value = cache.keys[layer], cache.values[layer]
            mask = (torch.arange(key.shape[2])[None, :] <= at[:, None])[:, None, None, :]
        mixed = F.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, is_causal=mask is None, enable_gqa=True
        )
        return cast(Tensor, self.o_proj(mixed.transpose(1, 2).reshape(rows, length, -1)))


class FeedForward(nn.Module):
    """The gated feed-forward layer."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(shape.hidden_size, shape.intermediate_size, bias=False)
        self.up_proj = nn.Linear(shape.hidden_size, shape.intermediate_size, bias=False)
        self.down_proj = nn.Linear(shape.intermediate_size, shape.hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Apply SwiGLU."""
        return cast(Tensor, self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x)))


class Layer(nn.Module):
    """One decoder layer."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.self_attn = Attention(shape)
        self.mlp = FeedForward(shape)
        self.input_layernorm = Norm(shape.hidden_size, shape.rms_norm_eps)
        self.post_attention_layernorm = Norm(shape.hidden_size, shape.rms_norm_eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, cache: Cache | None, layer: int, at: Tensor) -> Tensor:
        """Attention and feed-forward, each with its residual."""
        x = x + self.self_attn(self.input_layernorm(x), cos, sin, cache, layer, at)
        return cast(Tensor, x + self.mlp(self.post_attention_layernorm(x)))


class Decoder(nn.Module):
    """Embeddings, layers and the last norm."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.shape = shape
        self.embed_tokens = nn.Embedding(shape.vocab_size, shape.hidden_size)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.num_hidden_layers))
        self.norm = Norm(shape.hidden_size, shape.rms_norm_eps)
        steps = torch.arange(0, shape.head_dim, 2, dtype=torch.float32) / shape.head_dim
        angles = torch.outer(torch.arange(shape.max_position_embeddings).float(), shape.rope_theta**-steps)
        angles = torch.cat((angles, angles), dim=-1)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)

    def forward(self, tokens_BT: Tensor, cache: Cache | None = None, at: Tensor | None = None) -> Tensor:
        """Return the last hidden states, [B, T, H]. `at` ([B]) places single new tokens after a cache."""
        x = self.embed_tokens(tokens_BT)
        cos, sin = cast(Tensor, self.cos), cast(Tensor, self.sin)
        if at is None:
            cos, sin = cos[: tokens_BT.shape[1]], sin[: tokens_BT.shape[1]]
            at = torch.zeros(0)
        else:
            cos, sin = cos[at][:, None, None, :], sin[at][:, None, None, :]
        for number, layer in enumerate(self.layers):
            x = layer(x, cos, sin, cache, number, at)
        return cast(Tensor, self.norm(x))


class Student(nn.Module):
    """A whole language model with an untied output layer."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.shape = shape
        self.model = Decoder(shape)
        self.lm_head = nn.Linear(shape.hidden_size, shape.vocab_size, bias=False)

    @classmethod
    def random(cls, shape: ModelShape, seed: int) -> "Student":
        """Weights drawn from N(0, 0.02²), as transformers does; the same seed gives the same bytes."""
        student = cls(shape)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in student.parameters():
                if parameter.dim() > 1:
                    parameter.normal_(0.0, 0.02, generator=generator)
        return student

    @classmethod
    def load(cls, folder: Path) -> "Student":
        """Read `config.json` and `model.safetensors` of a folder written by `save`."""
        config = json.loads((folder / "config.json").read_text())
        student = cls(ModelShape(**{name: config[name] for name in ModelShape.__slots__}))
        student.load_state_dict(load_file(folder / "model.safetensors"))
        return student

    def save(self, folder: Path) -> None:
        """Write `config.json` and `model.safetensors` so that `AutoModelForCausalLM` loads them."""
        config = {
            "architectures": ["Qwen3ForCausalLM"],
            "model_type": "qwen3",
            **asdict(self.shape),
            "attention_bias": False,
            "hidden_act": "silu",
            "tie_word_embeddings": False,
            "torch_dtype": "float32",
        }
        (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
        weights = {name: tensor.detach().contiguous() for name, tensor in self.state_dict().items()}
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})

    def forward(self, tokens_BT: Tensor) -> Tensor:
        """Return logits, [B, T, V]."""
        return cast(Tensor, self.lm_head(self.model(tokens_BT)))


def pad(sequences: Sequence[Sequence[int]]) -> Tensor:
    """Stack token lists as [B, T], padded on the right with 0; causal attention never looks there."""
    width = max(map(len, sequences))
    return torch.tensor([[*tokens, *([0] * (width - len(tokens)))] for tokens in sequences], dtype=torch.long)


def by_length(sequences: Sequence[Sequence[int]], budget: int) -> list[list[int]]:
    """Group row numbers by length, each group at most `budget` tokens after padding (or one row)."""
    groups: list[list[int]] = []
    for row in sorted(range(len(sequences)), key=lambda row: -len(sequences[row])):
        if groups and (len(groups[-1]) + 1) * len(sequences[groups[-1][0]]) <= budget:
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups

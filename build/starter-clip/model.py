"""A small CLIP whose parameter names and shapes are those of transformers' CLIPModel.

Because the names agree, ``state_dict()`` is the exported checkpoint. What differs from transformers is speed only:
the vision tower can run on a subset of the patches (as in FLIP), and query, key and value share one product.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HEAD_WIDTH = 64
MAX_LOGIT_SCALE = 100.0
QUICK_GELU_SLOPE = 1.702


@dataclass(frozen=True)
class ModelShape:
    """Sizes of the starter model; the vocabulary and these sizes are fixed once weights have been published."""

    image_size: int = 64
    patch_size: int = 8
    vision_width: int = 192
    vision_layers: int = 6
    text_width: int = 192
    text_layers: int = 4
    vocab_size: int = 4096
    context_length: int = 32
    projection_dim: int = 256

    @property
    def patches(self) -> int:
        return (self.image_size // self.patch_size) ** 2


class Attention(nn.Module):
    """Multi-head attention with heads of 64 channels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.q_proj = nn.Linear(width, width)
        self.k_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor, causal: bool) -> Tensor:
        batch, tokens, width = x.shape
        parts = (self.q_proj, self.k_proj, self.v_proj)
        weight = torch.cat([part.weight for part in parts])
        bias = torch.cat([part.bias for part in parts])
        heads = F.linear(x, weight, bias).view(batch, tokens, 3, width // HEAD_WIDTH, HEAD_WIDTH)
        query, key, value = heads.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=causal)
        return self.out_proj(mixed.transpose(1, 2).reshape(batch, tokens, width))


class MLP(nn.Module):
    """Two layers with the quick GELU, x * sigmoid(1.702 x), written as silu(1.702 x) / 1.702.

    The two factors are folded into the weights, which saves two passes over the widest activations.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        hidden = F.linear(x, self.fc1.weight * QUICK_GELU_SLOPE, self.fc1.bias * QUICK_GELU_SLOPE)
        return F.linear(F.silu(hidden), self.fc2.weight / QUICK_GELU_SLOPE, self.fc2.bias)


class EncoderLayer(nn.Module):
    """Pre-norm residual block."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.self_attn = Attention(width)
        self.layer_norm1 = nn.LayerNorm(width)
        self.mlp = MLP(width)
        self.layer_norm2 = nn.LayerNorm(width)

    def forward(self, x: Tensor, causal: bool) -> Tensor:
        x = x + self.self_attn(self.layer_norm1(x), causal)
        return x + self.mlp(self.layer_norm2(x))


class Encoder(nn.Module):
    """A stack of blocks."""

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(EncoderLayer(width) for _ in range(layers))

    def forward(self, x: Tensor, causal: bool) -> Tensor:
        for layer in self.layers:
            x = layer(x, causal)
        return x


class VisionEmbeddings(nn.Module):
    """Class token, patch projection and positions."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        width, patch = shape.vision_width, shape.patch_size
        self.class_embedding = nn.Parameter(torch.empty(width))
        self.patch_embedding = nn.Conv2d(3, width, patch, patch, bias=False)
        self.position_embedding = nn.Embedding(shape.patches + 1, width)

    def forward(self, pixels: Tensor, kept: Tensor | None) -> Tensor:
        """Tokens of ``pixels`` [B,3,H,W]; with ``kept`` [B,K] only those patches are embedded."""
        dtype = self.patch_embedding.weight.dtype
        kernel = self.patch_embedding.weight
        patches = F.unfold(pixels, kernel.shape[-1], stride=kernel.shape[-1]).transpose(1, 2)
        positions = self.position_embedding.weight
        patch_positions = positions[1:].expand(len(pixels), -1, -1)
        if kept is not None:
            patches = patches.gather(1, kept[..., None].expand(-1, -1, patches.shape[-1]))
            patch_positions = F.embedding(kept, positions[1:])
        embedded = F.linear(patches.to(dtype), kernel.flatten(1)) + patch_positions.to(dtype)
        first = (self.class_embedding + positions[0]).to(dtype).expand(len(pixels), 1, -1)
        return torch.cat([first, embedded], 1)


class VisionModel(nn.Module):
    """The picture tower, up to the normalised class token."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.embeddings = VisionEmbeddings(shape)
        self.pre_layrnorm = nn.LayerNorm(shape.vision_width)  # spelt as in transformers
        self.encoder = Encoder(shape.vision_width, shape.vision_layers)
        self.post_layernorm = nn.LayerNorm(shape.vision_width)

    def forward(self, pixels: Tensor, kept: Tensor | None) -> Tensor:
        x = self.encoder(self.pre_layrnorm(self.embeddings(pixels, kept)), causal=False)
        return self.post_layernorm(x[:, 0])


class TextEmbeddings(nn.Module):
    """Token table and positions."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(shape.vocab_size, shape.text_width)
        self.position_embedding = nn.Embedding(shape.context_length, shape.text_width)

    def forward(self, ids: Tensor) -> Tensor:
        return self.token_embedding(ids) + self.position_embedding.weight[: ids.shape[1]]


class TextModel(nn.Module):
    """The text tower, up to the normalised row of the first end-of-text token (which has the largest id)."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.embeddings = TextEmbeddings(shape)
        self.encoder = Encoder(shape.text_width, shape.text_layers)
        self.final_layer_norm = nn.LayerNorm(shape.text_width)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embeddings(ids).to(self.final_layer_norm.weight.dtype)
        x = self.encoder(x, causal=True)
        return self.final_layer_norm(x[torch.arange(len(ids)), ids.argmax(1)])


class StarterClip(nn.Module):
    """Both towers, their projections and the logit scale."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.text_model = TextModel(shape)
        self.vision_model = VisionModel(shape)
        self.visual_projection = nn.Linear(shape.vision_width, shape.projection_dim, bias=False)
        self.text_projection = nn.Linear(shape.text_width, shape.projection_dim, bias=False)
        self.logit_scale = nn.Parameter(torch.tensor(1 / 0.07).log())
        self._initialise()

    def _initialise(self) -> None:
        """CLIP's initial spreads: 0.02 for tokens, 0.01 for positions, blocks by width and depth."""
        for name, parameter in self.named_parameters():
            if "token_embedding" in name:
                nn.init.normal_(parameter, std=0.02)
            elif "position_embedding" in name:
                nn.init.normal_(parameter, std=0.01)
            elif "class_embedding" in name:
                nn.init.normal_(parameter, std=parameter.numel() ** -0.5)
            elif "projection" in name:
                nn.init.normal_(parameter, std=parameter.shape[1] ** -0.5)
        for encoder in (self.text_model.encoder, self.vision_model.encoder):
            shrink = (2 * len(encoder.layers)) ** -0.5
            for name, parameter in encoder.named_parameters():
                if name.endswith("bias"):
                    nn.init.zeros_(parameter)
                elif parameter.dim() == 2:
                    spread = parameter.shape[1] ** -0.5
                    residual = "out_proj" in name or "fc2" in name
                    nn.init.normal_(parameter, std=spread * shrink if residual else spread)

    def image_features(self, pixels: Tensor, kept: Tensor | None = None) -> Tensor:
        """Unit-length picture features in float32."""
        return F.normalize(self.visual_projection(self.vision_model(pixels, kept)).float(), dim=-1)

    def text_features(self, ids: Tensor) -> Tensor:
        """Unit-length text features in float32."""
        return F.normalize(self.text_projection(self.text_model(ids)).float(), dim=-1)


def lower_precision_copy(model: StarterClip) -> StarterClip:
    """A bfloat16 working copy; embeddings and scale stay float32, since their gradients add up over a whole batch."""
    working = deepcopy(model).bfloat16()
    working.text_model.embeddings.float()
    working.vision_model.embeddings.position_embedding.float()
    for parameter in (working.vision_model.embeddings.class_embedding, working.logit_scale):
        parameter.data = parameter.data.float()
    return working

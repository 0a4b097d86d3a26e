"""A CLIP of seeded weights in PyTorch's own layout, and what both PyTorch programs do alike with it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from .numbers import seeded, seeded_matrix

QUICK_GELU_SLOPE = 1.702


@dataclass(frozen=True)
class Linear:
    """A linear layer."""

    weight: Tensor  # [outputs, inputs]
    bias: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """[.., inputs] -> [.., outputs]."""
        return F.linear(x, self.weight, self.bias)


@dataclass(frozen=True)
class Norm:
    """A layer norm."""

    scale: Tensor
    shift: Tensor
    epsilon: float

    def __call__(self, x: Tensor) -> Tensor:
        """[.., d] -> [.., d]."""
        return F.layer_norm(x, self.scale.shape, self.scale, self.shift, self.epsilon)


@dataclass(frozen=True)
class Block:
    """A pre-norm transformer block."""

    heads: int
    causal: bool
    norm1: Norm
    query_key_value: Linear
    output: Linear
    norm2: Norm
    expand: Linear
    contract: Linear

    def feed_forward(self, x: Tensor) -> Tensor:
        """What the second half of the block adds to x."""
        hidden = self.expand(self.norm2(x))
        return self.contract(hidden * torch.sigmoid(QUICK_GELU_SLOPE * hidden))


@dataclass(frozen=True)
class Branch:
    """The text or the image half."""

    width: int
    blocks: list[Block]
    positions: Tensor
    norm: Norm
    projection: Tensor  # [width, embedding]

    def read_out(self, rows: Tensor) -> Tensor:
        """The rows that are read out to unit features."""
        return F.normalize(self.norm(rows) @ self.projection, dim=-1)


@dataclass(frozen=True)
class Clip:
    """Weights never require a gradient."""

    text: Branch
    image: Branch
    tokens: Tensor  # [vocabulary, width]
    patch_kernel: Tensor  # [width, 3, patch, patch]
    class_embedding: Tensor
    pre_norm: Norm
    logit_scale: float

    def embed_images(self, pixels: Tensor) -> Tensor:
        """[B, 3, S, S] -> [B, n, width], class token first."""
        patches = F.conv2d(pixels, self.patch_kernel, stride=self.patch_kernel.shape[-1])
        patches = patches.flatten(2).transpose(1, 2)
        first = self.class_embedding.expand(len(pixels), 1, -1)
        return self.pre_norm(torch.cat([first, patches], 1) + self.image.positions)

    def logits(self, images: Tensor, classes: Tensor) -> Tensor:
        """Scaled cosine similarities [B, C] of unit features."""
        return self.logit_scale * images @ classes.t()


def build_clip(setting: dict) -> Clip:
    """The CLIP whose weights seededClip of seeded-numbers.ts makes."""
    architecture = setting["architecture"]
    assert architecture["activation"] == "quick_gelu"
    image, text = architecture["image"], architecture["text"]
    epsilon = architecture["layerNormEpsilon"]
    embedding, patch = architecture["embeddingSize"], image["patchSize"]
    kernel = seeded_matrix("image.patches", 3 * patch**2, image["width"])
    return Clip(
        text=_branch("text", text, text["textPositions"], embedding, epsilon),
        image=_branch("image", image, (image["imageSize"] // patch) ** 2 + 1, embedding, epsilon),
        tokens=seeded("text.tokens", (text["vocabularySize"], text["width"]), 0.5),
        patch_kernel=kernel.view(patch, patch, 3, -1).permute(3, 2, 0, 1).contiguous(),
        class_embedding=seeded("image.class", (image["width"],), 0.5),
        pre_norm=_norm("image.preNorm", image["width"], epsilon),
        logit_scale=setting["logitScale"],
    )


def seeded_batch(name: str, setting: dict) -> tuple[Tensor, Tensor]:
    """Pixels [B, 3, S, S] and labels [B]."""
    side = setting["architecture"]["image"]["imageSize"]
    size = setting["batchSize"]
    pixels = seeded(f"pixels.{name}", (size, side, side, 3), 1).permute(0, 3, 1, 2).contiguous()
    return pixels, torch.arange(size) % len(setting["texts"])


def padded_texts(texts: list[list[int]], length: int) -> Tensor:
    """Token ids [C, length], zeros behind the end of each text."""
    return torch.tensor([ids + [0] * (length - len(ids)) for ids in texts])


@cache
def causal_mask(length: int, context: int) -> Tensor:
    """[length, context + length] additive: every prompt is visible, of the tokens those up to the query."""
    mask = torch.full((length, length), float("-inf")).triu(1)
    return torch.cat([torch.zeros(length, context), mask], 1)


def _branch(name: str, shape: dict, positions: int, embedding: int, epsilon: float) -> Branch:
    width = shape["width"]
    return Branch(
        width=width,
        blocks=[_block(name, layer, shape, epsilon) for layer in range(shape["depth"])],
        positions=seeded(f"{name}.positions", (positions, width), 0.3),
        norm=_norm(f"{name}.norm", width, epsilon),
        projection=seeded_matrix(f"{name}.projection", width, embedding),
    )


def _block(branch: str, layer: int, shape: dict, epsilon: float) -> Block:
    name, width = f"{branch}.{layer}", shape["width"]
    return Block(
        heads=shape["heads"],
        causal=branch == "text",
        norm1=_norm(f"{name}.norm1", width, epsilon),
        query_key_value=_linear(f"{name}.queryKeyValue", width, 3 * width),
        output=_linear(f"{name}.output", width, width),
        norm2=_norm(f"{name}.norm2", width, epsilon),
        expand=_linear(f"{name}.expand", width, 4 * width),
        contract=_linear(f"{name}.contract", 4 * width, width),
    )


def _linear(name: str, inputs: int, outputs: int) -> Linear:
    weight = seeded_matrix(name, inputs, outputs).t().contiguous()
    return Linear(weight, seeded(f"{name}.bias", (outputs,), 0.1))


def _norm(name: str, width: int, epsilon: float) -> Norm:
    return Norm(1 + seeded(f"{name}.scale", (width,), 0.2), seeded(f"{name}.shift", (width,), 0.2), epsilon)

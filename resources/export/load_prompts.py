"""Classifies pictures with prompts that DPL Studio learned, in PyTorch with the CLIP of Hugging Face transformers.

    clip = load("path/to/export", "path/to/clip")
    probabilities = clip.class_probabilities([Image.open("picture.jpg")])
    print(clip.class_names[probabilities[0].argmax()])

Or from a shell, one JSON document on stdout:

    python load_prompts.py path/to/export path/to/clip picture.jpg ...

Needs torch, transformers (4.44 or newer), safetensors and Pillow. A prompt adds keys and values to the attention of
one layer: it passes the layer's own norm, every token sees it, and nothing of it goes on to the next layer.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPModel, CLIPTextConfig, CLIPVisionConfig
from transformers.models.clip.modeling_clip import CLIPEncoderLayer

PADDING = 0
"""The token that texts of different lengths are padded with before they are averaged."""

LARGEST_DIFFERENCE = 1e-2
"""Class features that differ more than this from the stored ones were made by another CLIP."""


def load(export_folder: str | Path, clip_folder: str | Path) -> PromptedClip:
    """Load an export and the CLIP it was made for, and check that they belong together."""
    export = Path(export_folder)
    config = json.loads((export / "config.json").read_text(encoding="utf-8"))
    if (config.get("format"), config.get("formatVersion")) != ("dpl-export", 1):
        raise ValueError(f"{export} is no export of DPL Studio that this loader can read")
    model = CLIPModel.from_pretrained(clip_folder).float().eval()
    clip = PromptedClip(model, config, load_file(export / "prompt.safetensors"))
    stored = load_file(export / "classifier.safetensors")["text_features"]
    difference = (clip.text_features() - stored).abs().max().item()
    if not difference <= LARGEST_DIFFERENCE:
        raise ValueError(
            f"{clip_folder} is another CLIP than {config['model']['name']!r}, for which the prompts in {export} were "
            f"learned: class features differ by {difference:.2g}"
        )
    return clip


class PromptedClip(nn.Module):
    """A CLIP with learned prompts in some of its layers and the class texts they were learned for."""

    def __init__(self, clip: CLIPModel, config: dict[str, Any], prompts: dict[str, Tensor]) -> None:
        super().__init__()
        self.clip = clip
        self.class_names: list[str] = config["classNames"]
        self.class_tokens: list[list[list[int]]] = config["classTokens"]
        self.preprocessing: dict[str, Any] = config["preprocessing"]
        self.text_prompts = _by_layer(clip.text_model.config, prompts, "text")
        self.image_prompts = _by_layer(clip.vision_model.config, prompts, "image")

    @torch.no_grad()
    def class_probabilities(self, images: Iterable[Image.Image]) -> Tensor:
        """Share of each class for each picture, [pictures, classes]."""
        features = self.image_features(self.preprocess(images))
        return (self.clip.logit_scale.exp() * features @ self.text_features().T).softmax(dim=-1)

    @torch.no_grad()
    def text_features(self) -> Tensor:
        """Unit features of the classes, [classes, e]."""
        model = self.clip.text_model
        texts = [self._embed(tokens) for tokens in self.class_tokens]
        hidden = nn.utils.rnn.pad_sequence(texts, batch_first=True)
        hidden = hidden + model.embeddings.position_embedding.weight[: hidden.shape[1]]
        for layer, prompt in zip(model.encoder.layers, self.text_prompts, strict=True):
            hidden = _block(layer, hidden, prompt, causal=True)
        ends = torch.tensor([len(text) - 1 for text in texts], device=hidden.device)
        read = hidden[torch.arange(len(texts), device=hidden.device), ends]
        return functional.normalize(self.clip.text_projection(model.final_layer_norm(read)), dim=-1)

    @torch.no_grad()
    def image_features(self, pixel_values: Tensor) -> Tensor:
        """Unit features of preprocessed pictures, [pictures, 3, side, side] -> [pictures, e]."""
        model = self.clip.vision_model
        hidden = model.pre_layrnorm(model.embeddings(pixel_values))
        for layer, prompt in zip(model.encoder.layers, self.image_prompts, strict=True):
            hidden = _block(layer, hidden, prompt, causal=False)
        return functional.normalize(self.clip.visual_projection(model.post_layernorm(hidden[:, 0])), dim=-1)

    def preprocess(self, images: Iterable[Image.Image]) -> Tensor:
        """Upright, shorter side resized, middle cut out, normalised: [pictures, 3, side, side]."""
        pixels = torch.stack([_pixels(image, self.preprocessing) for image in images])
        return pixels.to(self.clip.logit_scale.device)

    def _embed(self, templates: list[list[int]]) -> Tensor:
        """Mean token embeddings of a class over its templates, as long as the last of them. [tokens, d]"""
        length = len(templates[-1])
        ids = [(text + [PADDING] * length)[:length] for text in templates]
        embedding = self.clip.text_model.embeddings.token_embedding
        return embedding(torch.tensor(ids, device=embedding.weight.device)).mean(dim=0)


def _by_layer(config: CLIPTextConfig | CLIPVisionConfig, prompts: dict[str, Tensor], branch: str) -> nn.ParameterList:
    """The prompt of each layer of a branch, [c, d]; [0, d] for a layer without one."""
    depth, width = config.num_hidden_layers, config.hidden_size
    found = {int(name.split(".")[1]): prompt for name, prompt in prompts.items() if name.startswith(f"{branch}.")}
    if any(layer >= depth or prompt.shape[1] != width for layer, prompt in found.items()):
        raise ValueError(f"the {branch} prompts are for a CLIP of other depth or width")
    return nn.ParameterList(found.get(layer, torch.empty(0, width)) for layer in range(depth))


def _block(layer: CLIPEncoderLayer, hidden: Tensor, prompt: Tensor, *, causal: bool) -> Tensor:
    """One transformer block whose attention also looks at the prompt. hidden [B, L, d], prompt [c, d]"""
    attention = layer.self_attn
    normed = layer.layer_norm1(hidden)
    context = torch.cat([layer.layer_norm1(prompt).expand(len(hidden), -1, -1), normed], dim=1)
    query, key, value = (
        project(rows).unflatten(-1, (attention.num_heads, -1)).transpose(1, 2)
        for project, rows in [
            (attention.q_proj, normed),
            (attention.k_proj, context),
            (attention.v_proj, context),
        ]
    )
    visible = torch.ones(hidden.shape[1], context.shape[1], dtype=torch.bool, device=hidden.device)
    if causal:
        visible = visible.tril(diagonal=len(prompt))
    attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=visible)
    hidden = hidden + attention.out_proj(attended.transpose(1, 2).flatten(2))
    return hidden + layer.mlp(layer.layer_norm2(hidden))


def _pixels(image: Image.Image, steps: dict[str, Any]) -> Tensor:
    """One picture as CLIP sees it, [3, side, side]."""
    upright = ImageOps.exif_transpose(image).convert("RGB")
    shorter, side = min(upright.size), steps["cropSize"]
    width, height = (steps["resizeTo"] * length // shorter for length in upright.size)
    left, top = round((width - side) / 2), round((height - side) / 2)
    resampling = Image.Resampling[steps["interpolation"].upper()]
    resized = upright.resize((width, height), resampling)
    cropped = resized.crop((left, top, left + side, top + side))
    pixels = torch.from_numpy(np.array(cropped)).permute(2, 0, 1) / 255
    mean, std = (torch.tensor(steps[name])[:, None, None] for name in ("mean", "std"))
    return (pixels - mean) / std


def main() -> None:
    """Print the answer to each picture as JSON."""
    parser = argparse.ArgumentParser(description="Classify pictures with exported prompts.")
    parser.add_argument("export", type=Path, help="folder written by dplstudio export")
    parser.add_argument("clip", type=Path, help="Hugging Face folder of the CLIP")
    parser.add_argument("images", type=Path, nargs="+")
    arguments = parser.parse_args()
    clip = load(arguments.export, arguments.clip)
    answers = []
    for path in arguments.images:
        with Image.open(path) as image:
            [shares] = clip.class_probabilities([image]).tolist()
        answers.append(
            {"path": str(path), "class": clip.class_names[shares.index(max(shares))], "probabilities": shares}
        )
    print(json.dumps({"classes": clip.class_names, "answers": answers}, indent=2))


if __name__ == "__main__":
    main()

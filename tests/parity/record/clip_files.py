"""Writes tests/fixtures/clip: one small random CLIP as transformers, open_clip and OpenAI store it, with its features.

    python tests/parity/record/clip_files.py

Needs torch, transformers, open_clip_torch, safetensors. The weights are numbers that half precision stores exactly, so
all files hold the same network.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

torch.library.register_fake = lambda *_, **__: lambda function: function  # torchvision may be built for another torch
import open_clip  # noqa: E402
from transformers import CLIPConfig, CLIPModel, CLIPTokenizer  # noqa: E402

TARGET = Path(__file__).parents[2] / "fixtures" / "clip"
WIDTH, HIDDEN, EMBEDDING = 64, 16, 24
IMAGE_SIZE, PATCH_SIZE, IMAGE_DEPTH = 8, 4, 2
POSITIONS, TEXT_DEPTH = 16, 1
TEXTS = ["a photo of a cat.", "The cat's photo, 2 of 3!", "a"]
MERGES = ["c a", "ca t</w>", "p h", "o t", "ph ot", "phot o</w>", "o f</w>", "t h", "th e</w>"]


def tokenizer_files(folder: Path) -> int:
    """A vocabulary of visible ASCII only, far smaller than CLIP's. Gives its size."""
    symbols = [chr(code) for code in range(0x21, 0x7F) if not chr(code).isupper()]
    tokens = symbols + [symbol + "</w>" for symbol in symbols] + [merge.replace(" ", "") for merge in MERGES]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({token: id for id, token in enumerate(tokens)}, indent=1) + "\n")
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *MERGES]) + "\n")
    tokenizer = CLIPTokenizer.from_pretrained(folder)
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    return len(tokens)


def random_model(vocabulary: int) -> CLIPModel:
    branch = {"hidden_size": WIDTH, "intermediate_size": HIDDEN, "num_attention_heads": WIDTH // 64}
    config = CLIPConfig(
        projection_dim=EMBEDDING,
        text_config={
            **branch,
            "num_hidden_layers": TEXT_DEPTH,
            "vocab_size": vocabulary,
            "max_position_embeddings": POSITIONS,
            "bos_token_id": vocabulary - 2,
            "eos_token_id": vocabulary - 1,
            "projection_dim": EMBEDDING,
        },
        vision_config={
            **branch,
            "num_hidden_layers": IMAGE_DEPTH,
            "image_size": IMAGE_SIZE,
            "patch_size": PATCH_SIZE,
            "projection_dim": EMBEDDING,
        },
    )
    torch.manual_seed(3)
    model = CLIPModel(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name == "logit_scale":
                parameter.fill_(2.5)
                continue
            spread = 0.3 if parameter.ndim < 2 else max(parameter.shape[1:].numel(), 16) ** -0.5
            base = 1.0 if "norm" in name and name.endswith("weight") else 0.0
            parameter.copy_((base + spread * torch.randn(parameter.shape)).half().float())
    return model


def openai_names(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same weights under OpenAI's names and in its order."""
    renamed = {
        "logit_scale": state["logit_scale"],
        "positional_embedding": state["text_model.embeddings.position_embedding.weight"],
        "token_embedding.weight": state["text_model.embeddings.token_embedding.weight"],
        "text_projection": state["text_projection.weight"].T.contiguous(),
        "visual.class_embedding": state["vision_model.embeddings.class_embedding"],
        "visual.conv1.weight": state["vision_model.embeddings.patch_embedding.weight"],
        "visual.positional_embedding": state["vision_model.embeddings.position_embedding.weight"],
        "visual.proj": state["visual_projection.weight"].T.contiguous(),
    }
    norms = {"ln_final": "text_model.final_layer_norm", "visual.ln_pre": "vision_model.pre_layrnorm"}
    norms["visual.ln_post"] = "vision_model.post_layernorm"
    for branch, prefix, depth in (("vision_model", "visual.", IMAGE_DEPTH), ("text_model", "", TEXT_DEPTH)):
        for layer in range(depth):
            ours, theirs = f"{prefix}transformer.resblocks.{layer}", f"{branch}.encoder.layers.{layer}"
            norms |= {f"{ours}.ln_{number}": f"{theirs}.layer_norm{number}" for number in (1, 2)}
            norms |= {f"{ours}.attn.out_proj": f"{theirs}.self_attn.out_proj"}
            norms |= {f"{ours}.mlp.c_fc": f"{theirs}.mlp.fc1", f"{ours}.mlp.c_proj": f"{theirs}.mlp.fc2"}
            for kind in ("weight", "bias"):
                parts = [state[f"{theirs}.self_attn.{part}_proj.{kind}"] for part in "qkv"]
                renamed[f"{ours}.attn.in_proj_{kind}"] = torch.cat(parts)
    for ours, theirs in norms.items():
        for kind in ("weight", "bias"):
            renamed[f"{ours}.{kind}"] = state[f"{theirs}.{kind}"]
    return renamed


class QuickGelu(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.sigmoid(1.702 * x)


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attn = nn.MultiheadAttention(WIDTH, WIDTH // 64)
        self.ln_1 = nn.LayerNorm(WIDTH)
        self.mlp = nn.Sequential()
        self.mlp.add_module("c_fc", nn.Linear(WIDTH, HIDDEN))
        self.mlp.add_module("gelu", QuickGelu())
        self.mlp.add_module("c_proj", nn.Linear(HIDDEN, WIDTH))
        self.ln_2 = nn.LayerNorm(WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        normed = self.ln_1(x)
        x = x + self.attn(normed, normed, normed, need_weights=False)[0]
        return x + self.mlp(self.ln_2(x))


class Transformer(nn.Module):
    def __init__(self, depth: int) -> None:
        super().__init__()
        self.resblocks = nn.Sequential(*[Block() for _ in range(depth)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.resblocks(x)


class Visual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, WIDTH, PATCH_SIZE, PATCH_SIZE, bias=False)
        self.class_embedding = nn.Parameter(torch.zeros(WIDTH))
        self.positional_embedding = nn.Parameter(torch.zeros((IMAGE_SIZE // PATCH_SIZE) ** 2 + 1, WIDTH))
        self.ln_pre = nn.LayerNorm(WIDTH)
        self.transformer = Transformer(IMAGE_DEPTH)
        self.ln_post = nn.LayerNorm(WIDTH)
        self.proj = nn.Parameter(torch.zeros(WIDTH, EMBEDDING))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        patches = self.conv1(pixels).flatten(2).permute(2, 0, 1)
        start = self.class_embedding.expand(1, patches.shape[1], -1)
        tokens = torch.cat([start, patches]) + self.positional_embedding[:, None]
        return self.ln_post(self.transformer(self.ln_pre(tokens))[0]) @ self.proj


class OpenAiClip(nn.Module):
    """The module tree of OpenAI's archives; only the tree matters, texts are read without a mask."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.visual = Visual()
        self.transformer = Transformer(TEXT_DEPTH)
        self.token_embedding = nn.Embedding(vocabulary, WIDTH)
        self.positional_embedding = nn.Parameter(torch.zeros(POSITIONS, WIDTH))
        self.ln_final = nn.LayerNorm(WIDTH)
        self.text_projection = nn.Parameter(torch.zeros(WIDTH, EMBEDDING))
        self.logit_scale = nn.Parameter(torch.zeros([]))
        self.register_buffer("input_resolution", torch.tensor(IMAGE_SIZE))
        self.register_buffer("context_length", torch.tensor(POSITIONS))
        self.register_buffer("vocab_size", torch.tensor(vocabulary))

    def forward(self, pixels: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
        tokens = (self.token_embedding(ids) + self.positional_embedding).permute(1, 0, 2)
        text = self.ln_final(self.transformer(tokens))[-1] @ self.text_projection
        return self.logit_scale.exp() * self.visual(pixels) @ text.T


def write_openai(state: dict[str, torch.Tensor], vocabulary: int) -> None:
    folder = TARGET / "openai"
    folder.mkdir()
    torch.save({name: tensor.half() for name, tensor in state.items()}, folder / "state-dict.pt")
    torch.save({"logit_scale": state["logit_scale"]}, folder / "legacy.pt", _use_new_zipfile_serialization=False)
    model = OpenAiClip(vocabulary).eval()
    model.load_state_dict(state, strict=False)
    pixels, ids = torch.zeros(1, 3, IMAGE_SIZE, IMAGE_SIZE), torch.zeros(1, POSITIONS, dtype=torch.long)
    torch.jit.trace(model, (pixels, ids)).half().save(str(folder / "torchscript.pt"))


def write_odd_tensors() -> None:
    """Tensors that do not fill their storage in order, in the wrappings that training programs use."""
    numbers = torch.arange(24.0).reshape(2, 3, 4)
    state = {
        "module.transposed": numbers.permute(2, 0, 1),
        "module.part": numbers[1, 1:],
        "module.parameter": nn.Parameter(numbers[:, 0, ::2]),
        "module.brain": numbers[0].bfloat16(),
        "module.whole": torch.tensor(7),
    }
    torch.save({"epoch": 3, "name": "x", "state_dict": state, "optimizer": {"lr": 0.1}}, TARGET / "openai" / "odd.pt")


def write_open_clip(state: dict[str, torch.Tensor], vocabulary: int) -> tuple[nn.Module, nn.Module]:
    """Gives the model as it is, and with the exact GELU that open_clip uses by default."""
    folder = TARGET / "open_clip"
    folder.mkdir()
    ratio = HIDDEN / WIDTH
    config = {
        "embed_dim": EMBEDDING,
        "quick_gelu": True,
        "vision_cfg": {"image_size": IMAGE_SIZE, "layers": IMAGE_DEPTH, "width": WIDTH, "patch_size": PATCH_SIZE, "mlp_ratio": ratio},
        "text_cfg": {"context_length": POSITIONS, "vocab_size": vocabulary, "width": WIDTH, "heads": 1, "layers": TEXT_DEPTH, "mlp_ratio": ratio},
    }
    model = open_clip_model(config, state)
    stored = {name: tensor.half().contiguous() for name, tensor in model.state_dict().items()}
    save_file(stored, folder / "open_clip_model.safetensors")
    preprocessing = {"mean": [0.48, 0.46, 0.41], "std": [0.27, 0.26, 0.28], "interpolation": "bicubic", "resize_mode": "shortest"}
    content = {"model_cfg": config, "preprocess_cfg": preprocessing}
    (folder / "open_clip_config.json").write_text(json.dumps(content, indent=1) + "\n")
    return model, open_clip_model(config | {"quick_gelu": False}, state)


def open_clip_model(config: dict, state: dict[str, torch.Tensor]) -> nn.Module:
    model = open_clip.CLIP(**config).eval()
    model.load_state_dict(state, strict=False)
    return model


def numbers(tensor: torch.Tensor) -> list:
    return [round(value, 7) for value in tensor.flatten().tolist()]


def main() -> None:
    shutil.rmtree(TARGET, ignore_errors=True)
    folder = TARGET / "huggingface"
    folder.mkdir(parents=True)
    vocabulary = tokenizer_files(folder)
    model = random_model(vocabulary)
    model.half().save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    model.float()
    state = openai_names(model.state_dict())
    theirs, exact = write_open_clip(state, vocabulary)
    write_openai(state, vocabulary)
    write_odd_tensors()
    for other in ("open_clip", "openai"):
        shutil.copy(folder / "tokenizer.json", TARGET / other)

    tokenizer = CLIPTokenizer.from_pretrained(folder)
    ids = tokenizer(TEXTS, padding="max_length", max_length=POSITIONS, return_tensors="pt").input_ids
    pixels = torch.randn(3, 3, IMAGE_SIZE, IMAGE_SIZE, generator=torch.Generator().manual_seed(5))
    pixels = (pixels * 1000).round() / 1000
    with torch.inference_mode():
        output = model(input_ids=ids, pixel_values=pixels)
        images, texts = theirs.encode_image(pixels, normalize=True), theirs.encode_text(ids, normalize=True)
        exact_images, exact_texts = exact.encode_image(pixels, normalize=True), exact.encode_text(ids, normalize=True)
        gap = max((images - output.image_embeds).abs().max().item(), (texts - output.text_embeds).abs().max().item())
    print(f"transformers and open_clip differ by {gap:.1e}")
    if gap > 1e-5:
        raise ValueError("the two libraries disagree about the same weights")
    expected = {
        "texts": TEXTS,
        "ids": [row[: row.index(vocabulary - 1) + 1] for row in ids.tolist()],
        "pixels": {"order": "[image, y, x, channel]", "shape": [3, IMAGE_SIZE, IMAGE_SIZE, 3], "values": numbers(pixels.permute(0, 2, 3, 1))},
        "textFeatures": [numbers(row) for row in output.text_embeds],
        "imageFeatures": [numbers(row) for row in output.image_embeds],
        "exactGelu": {
            "textFeatures": [numbers(row) for row in exact_texts],
            "imageFeatures": [numbers(row) for row in exact_images],
        },
        "logits": [numbers(row) for row in output.logits_per_image],
        "logitScale": model.logit_scale.exp().item(),
    }
    (TARGET / "expected.json").write_text(json.dumps(expected) + "\n")
    half = load_file(folder / "model.safetensors")
    few = {name: half[name] for name in ("text_projection.weight", "text_model.final_layer_norm.bias")}
    for kind in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        save_file({name: tensor.to(kind) for name, tensor in few.items()}, TARGET / f"few-{str(kind)[6:]}.safetensors")
    rows = {name: numbers(tensor.float()) for name, tensor in few.items()}
    rows |= {f"bfloat16:{name}": numbers(tensor.bfloat16().float()) for name, tensor in few.items()}
    (TARGET / "few.json").write_text(json.dumps(rows) + "\n")
    for path in sorted(TARGET.rglob("*")):
        if path.is_file():
            print(f"{path.stat().st_size:8d} {path.relative_to(TARGET)}")


if __name__ == "__main__":
    main()

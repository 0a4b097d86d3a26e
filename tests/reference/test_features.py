"""The engine's features of pictures and texts against transformers and open_clip on the same weights."""

from __future__ import annotations

import json
from pathlib import Path

import open_clip
import pytest
import torch
from open_clip.model import CLIP
from PIL import Image
from transformers import CLIPImageProcessorPil, CLIPModel, CLIPTokenizer

from conftest import SAMPLE, STARTER, Engine, Tensors, expect_close

TOLERANCE = 1e-4

TEXTS = [
    "a photo of a bird or insect.",
    "Prepared  FOOD!",
    "don't: 24 caf\u00e9s #1",
    "a",
    "a long-winded description of a small red wooden toy train on a table",
]


@pytest.fixture(scope="module", params=["starter", "base_clip", "small_clip"])
def folder(request: pytest.FixtureRequest) -> Path:
    """Each of the CLIPs."""
    return STARTER if request.param == "starter" else request.getfixturevalue(request.param)


def test_features_equal_those_of_transformers(folder: Path, engine: Engine) -> None:
    """Ids, pixels and features, from pixels and from picture files."""
    name = f"{folder.name}, transformers"
    model = CLIPModel.from_pretrained(folder).float().eval()
    processor = image_processor(folder, model.config.vision_config.image_size)
    ids = [CLIPTokenizer.from_pretrained(folder)(text).input_ids for text in TEXTS]
    paths = pictures()
    pixels = torch.randn(3, 3, *[model.config.vision_config.image_size] * 2, generator=torch.Generator().manual_seed(1))
    ours, about = engine(
        {"command": "features", "clip": str(folder), "texts": TEXTS, "images": [str(path) for path in paths]},
        {"pixels": pixels.permute(0, 2, 3, 1)},
    )

    assert [text["ids"] for [text] in about["ids"]] == ids
    padding = model.config.text_config.eos_token_id
    padded = torch.tensor([text + [padding] * (max(map(len, ids)) - len(text)) for text in ids])
    seen = processor([Image.open(path).convert("RGB") for path in paths], return_tensors="pt").pixel_values
    with torch.inference_mode():
        from_pixels = model(input_ids=padded, pixel_values=pixels)
        from_pictures = model(input_ids=padded, pixel_values=seen)
    expect_close(f"{name}, text features", ours["text_features"], from_pixels.text_embeds, TOLERANCE)
    expect_close(f"{name}, pixel features", ours["pixel_features"], from_pixels.image_embeds, TOLERANCE)
    # Resized pictures may differ by one grey level where rounding falls the other way.
    grey_level = 1 / 255 / min(processor.image_std)
    assert (ours["image_pixels"].permute(0, 3, 1, 2) - seen).abs().max() <= 1.01 * grey_level
    expect_close(f"{name}, image features", ours["image_features"], from_pictures.image_embeds, TOLERANCE)
    assert about["logitScale"] == pytest.approx(model.logit_scale.exp().item(), rel=1e-6)


def test_features_equal_those_of_open_clip(folder: Path, engine: Engine) -> None:
    """Ids where open_clip has the vocabulary, and features."""
    name = f"{folder.name}, open_clip"
    theirs = open_clip_model(folder)
    side = theirs.visual.image_size[0]
    pixels = torch.randn(3, 3, side, side, generator=torch.Generator().manual_seed(2))
    ours, about = engine(
        {"command": "features", "clip": str(folder), "texts": TEXTS, "images": []},
        {"pixels": pixels.permute(0, 2, 3, 1)},
    )

    ids = [text["ids"] for [text] in about["ids"]]
    if theirs.vocab_size == 49408:
        words = open_clip.tokenizer.SimpleTokenizer()(TEXTS)
        assert [row[: len(text)].tolist() for row, text in zip(words, ids, strict=True)] == ids
    padded = torch.tensor([text + [0] * (theirs.context_length - len(text)) for text in ids])
    with torch.inference_mode():
        images = theirs.encode_image(pixels, normalize=True)
        texts = theirs.encode_text(padded, normalize=True)
    expect_close(f"{name}, text features", ours["text_features"], texts, TOLERANCE)
    expect_close(f"{name}, pixel features", ours["pixel_features"], images, TOLERANCE)


def pictures() -> list[Path]:
    """One picture of each of some classes of the sample."""
    return [
        min(path for path in folder.iterdir() if path.is_file())
        for folder in sorted(SAMPLE.iterdir())
        if folder.is_dir()
    ][:4]


def image_processor(folder: Path, side: int) -> CLIPImageProcessorPil:
    """Pillow's preprocessing, as the folder says or else CLIP's own for the side. Other resizers give other pixels."""
    if (folder / "preprocessor_config.json").exists():
        return CLIPImageProcessorPil.from_pretrained(folder)
    return CLIPImageProcessorPil(size={"shortest_edge": side}, crop_size={"height": side, "width": side})


def open_clip_model(folder: Path) -> CLIP:
    """The same weights in open_clip."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    source = CLIPModel.from_pretrained(folder).float()
    text, vision = source.config.text_config, source.config.vision_config
    model = CLIP(
        embed_dim=source.config.projection_dim,
        vision_cfg={
            "image_size": vision.image_size,
            "layers": vision.num_hidden_layers,
            "width": vision.hidden_size,
            "head_width": vision.hidden_size // vision.num_attention_heads,
            "patch_size": vision.patch_size,
        },
        text_cfg={
            "context_length": text.max_position_embeddings,
            "vocab_size": text.vocab_size,
            "width": text.hidden_size,
            "heads": text.num_attention_heads,
            "layers": text.num_hidden_layers,
        },
        quick_gelu=config["text_config"]["hidden_act"] == "quick_gelu",
    )
    model.load_state_dict(open_clip_names(source.state_dict()), strict=False)
    return model.eval()


def open_clip_names(state: Tensors) -> Tensors:
    """The tensors of a transformers CLIP under open_clip's names."""
    renamed = {
        "logit_scale": state["logit_scale"],
        "text_projection": state["text_projection.weight"].T,
        "token_embedding.weight": state["text_model.embeddings.token_embedding.weight"],
        "positional_embedding": state["text_model.embeddings.position_embedding.weight"],
        "visual.proj": state["visual_projection.weight"].T,
        "visual.conv1.weight": state["vision_model.embeddings.patch_embedding.weight"],
        "visual.class_embedding": state["vision_model.embeddings.class_embedding"],
        "visual.positional_embedding": state["vision_model.embeddings.position_embedding.weight"],
    }
    places = {
        "text_model.final_layer_norm": "ln_final",
        "vision_model.pre_layrnorm": "visual.ln_pre",
        "vision_model.post_layernorm": "visual.ln_post",
    }
    for branch, target in [("text_model", "transformer"), ("vision_model", "visual.transformer")]:
        for layer in range(1 + max(int(name.split(".")[3]) for name in state if name.startswith(f"{branch}.encoder"))):
            old, new = f"{branch}.encoder.layers.{layer}", f"{target}.resblocks.{layer}"
            places |= {
                f"{old}.layer_norm1": f"{new}.ln_1",
                f"{old}.layer_norm2": f"{new}.ln_2",
                f"{old}.self_attn.out_proj": f"{new}.attn.out_proj",
                f"{old}.mlp.fc1": f"{new}.mlp.c_fc",
                f"{old}.mlp.fc2": f"{new}.mlp.c_proj",
            }
            for kind in ("weight", "bias"):
                parts = [state[f"{old}.self_attn.{part}_proj.{kind}"] for part in "qkv"]
                renamed[f"{new}.attn.in_proj_{kind}"] = torch.cat(parts)
    for old, new in places.items():
        renamed |= {f"{new}.{kind}": state[f"{old}.{kind}"] for kind in ("weight", "bias")}
    return renamed

"""Writes a training checkpoint as a Hugging Face CLIP folder, with its NOTICE, and checks that transformers agrees."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import CLIPModel, CLIPTokenizer

from corpus import Corpus, read_corpus
from model import HEAD_WIDTH, ModelShape, StarterClip
from pictures import MEAN, STD
from tokenizer import encode, load_tokenizer, save_tokenizer, write_json

CREDITS = {
    "ci": "coolicons, by Kryston Schwarze",
    "covid": "Covid Icons, by Streamline",
    "emojione": "Emoji One (Colored), by Emoji One",
    "emojione-monotone": "Emoji One (Monotone), by Emoji One",
    "fa-brands": "Font Awesome 5 Brands, by Dave Gandy (Fonticons, Inc.)",
    "fa-regular": "Font Awesome 5 Regular, by Dave Gandy (Fonticons, Inc.)",
    "fa-solid": "Font Awesome 5 Solid, by Dave Gandy (Fonticons, Inc.)",
    "fa6-brands": "Font Awesome 6 Brands, by Dave Gandy (Fonticons, Inc.)",
    "fa6-regular": "Font Awesome 6 Regular, by Dave Gandy (Fonticons, Inc.)",
    "fa6-solid": "Font Awesome 6 Solid, by Dave Gandy (Fonticons, Inc.)",
    "fa7-regular": "Font Awesome 7 Regular, by Dave Gandy (Fonticons, Inc.)",
    "fa7-solid": "Font Awesome 7 Solid, by Dave Gandy (Fonticons, Inc.)",
    "fad": "FontAudio, by @fefanto",
    "pepicons": "Pepicons, by CyCraft",
    "pepicons-pencil": "Pepicons Pencil, by CyCraft",
    "pepicons-pop": "Pepicons Pop!, by CyCraft",
    "pepicons-print": "Pepicons Print, by CyCraft",
    "twemoji": "Twitter Emoji (Twemoji), by Twitter, Inc and other contributors",
}
"""Whom the sets under CC-BY-4.0 ask to be named."""

PROBES = [
    "a photo of a bird or insect.",
    "Prepared  FOOD",
    "don't: 24 café\u0301 \u2603 #!",
    "a red icon of a car on blue",
]


def configuration(shape: ModelShape) -> dict:
    """transformers' config.json."""
    start, end = shape.vocab_size - 2, shape.vocab_size - 1
    shared = {"hidden_act": "quick_gelu", "layer_norm_eps": 1e-5, "attention_dropout": 0.0}
    text = {
        "model_type": "clip_text_model",
        "vocab_size": shape.vocab_size,
        "max_position_embeddings": shape.context_length,
        "hidden_size": shape.text_width,
        "intermediate_size": 4 * shape.text_width,
        "num_hidden_layers": shape.text_layers,
        "num_attention_heads": shape.text_width // HEAD_WIDTH,
        "projection_dim": shape.projection_dim,
        "bos_token_id": start,
        "eos_token_id": end,
        "pad_token_id": end,
    }
    vision = {
        "model_type": "clip_vision_model",
        "image_size": shape.image_size,
        "patch_size": shape.patch_size,
        "num_channels": 3,
        "hidden_size": shape.vision_width,
        "intermediate_size": 4 * shape.vision_width,
        "num_hidden_layers": shape.vision_layers,
        "num_attention_heads": shape.vision_width // HEAD_WIDTH,
        "projection_dim": shape.projection_dim,
    }
    return {
        "architectures": ["CLIPModel"],
        "model_type": "clip",
        "projection_dim": shape.projection_dim,
        "logit_scale_init_value": 2.6592,
        "torch_dtype": "float16",
        "text_config": text | shared,
        "vision_config": vision | shared,
    }


def preprocessing(shape: ModelShape) -> dict:
    """transformers' preprocessor_config.json: CLIP's own steps at this picture size."""
    side = shape.image_size
    return {
        "image_processor_type": "CLIPImageProcessor",
        "do_convert_rgb": True,
        "do_resize": True,
        "size": {"shortest_edge": side},
        "resample": 3,
        "do_center_crop": True,
        "crop_size": {"height": side, "width": side},
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": MEAN,
        "image_std": STD,
    }


def notice(corpus: Corpus) -> str:
    """The sets the weights were trained on, by licence, with the credits CC-BY asks for."""
    counts = Counter((pair.licence, pair.set) for pair in corpus.pairs)
    lines = [
        "The weights in this folder were trained on drawings from the sets below, resized to 64x64 pixels and",
        "recoloured, moved and rotated at random. No drawing is contained in the weights or in this folder.",
        "",
        "Names, tags and groups of emoji: emojibase-data, Copyright (c) Miles Johnson, MIT License. Further words: the",
        "metadata of Material Design Icons, Lucide, Phosphor and Font Awesome; WordNet 3.0,",
        "Copyright (c) Princeton University.",
        "",
        "Under CC-BY-4.0 (https://creativecommons.org/licenses/by/4.0/), each changed as said above:",
    ]
    credited = sorted(name for licence, name in counts if licence == "CC-BY-4.0")
    lines += [f"  {CREDITS[name]} (set {name}, {counts['CC-BY-4.0', name]} drawings)" for name in credited]
    for licence in sorted({licence for licence, _ in counts} - {"CC-BY-4.0"}):
        names = sorted(name for other, name in counts if other == licence)
        lines += ["", f"Under {licence}:", "  " + ", ".join(names)]
    return "\n".join(lines) + "\n"


def check(folder: Path, model: StarterClip, shape: ModelShape) -> None:
    """Compare features and ids of the written folder, as transformers reads it, with those of the training code."""
    theirs = CLIPModel.from_pretrained(folder, dtype=torch.float32).eval()
    their_tokenizer = CLIPTokenizer.from_pretrained(folder)
    ids = torch.from_numpy(encode(load_tokenizer(folder), PROBES, shape.context_length))
    their_ids = their_tokenizer(PROBES, padding=True, return_tensors="pt").input_ids
    if not torch.equal(ids, their_ids):
        raise ValueError("transformers' tokenizer gives other ids")
    pixels = torch.randn(4, 3, shape.image_size, shape.image_size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        output = theirs(input_ids=their_ids, pixel_values=pixels)
        image_gap = (output.image_embeds - model.image_features(pixels)).abs().max().item()
        text_gap = (output.text_embeds - model.text_features(ids)).abs().max().item()
    print(f"ids agree; largest difference of features: pictures {image_gap:.1e}, texts {text_gap:.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="the corpus trained on, for the NOTICE")
    parser.add_argument("--run", type=Path, required=True, help="pretrain.py's --out")
    parser.add_argument("--to", type=Path, required=True, help="folder to write")
    arguments = parser.parse_args()

    state = torch.load(arguments.run / "checkpoint.pt", weights_only=True)
    shape = ModelShape(**state["shape"])
    weights = {name: tensor.half().contiguous() for name, tensor in state["average"].items()}
    arguments.to.mkdir(parents=True, exist_ok=True)
    save_file(weights, arguments.to / "model.safetensors", metadata={"format": "pt"})
    save_tokenizer(load_tokenizer(arguments.run), arguments.to, shape.context_length)
    write_json(arguments.to / "config.json", configuration(shape))
    write_json(arguments.to / "preprocessor_config.json", preprocessing(shape))
    (arguments.to / "NOTICE").write_text(notice(read_corpus(arguments.corpus)), encoding="utf-8")

    print(f"step {state['step']}, {state['pairs_seen']} pairs seen, {state['seconds'] / 3600:.2f} hours")
    model = StarterClip(shape).eval()
    model.load_state_dict({name: tensor.float() for name, tensor in weights.items()})
    check(arguments.to, model, shape)


if __name__ == "__main__":
    main()

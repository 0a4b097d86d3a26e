"""Zero-shot accuracy of an exported folder on picture folders with a manifest.json, computed by transformers."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from PIL import Image
from transformers import CLIPImageProcessor, CLIPModel, CLIPTokenizer

TEMPLATE = "a photo of a {}."


@torch.inference_mode()
def zero_shot(model: CLIPModel, tokenizer, processor, dataset: Path, splits: set[str]) -> tuple[int, int, int]:
    """Pictures named right, pictures in all and classes of a data set."""
    manifest = json.loads((dataset / "manifest.json").read_text(encoding="utf-8"))
    names = [entry["name"] for entry in manifest["classes"]]
    prompts = [TEMPLATE.format(entry["prompt"]) for entry in manifest["classes"]]
    items = [item for item in manifest["items"] if item["split"] in splits]
    pictures = [Image.open(dataset / item["file"]).convert("RGB") for item in items]
    labels = torch.tensor([names.index(item["class"]) for item in items])
    tokens = tokenizer(prompts, padding=True, return_tensors="pt")
    pixels = processor(images=pictures, return_tensors="pt").pixel_values
    guesses = model(**tokens, pixel_values=pixels).logits_per_image.argmax(1)
    return int((guesses == labels).sum()), len(items), len(names)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the exported folder")
    parser.add_argument("--splits", nargs="+", default=["test"])
    parser.add_argument("datasets", type=Path, nargs="+", help="folders of class folders with a manifest.json")
    arguments = parser.parse_args()

    model = CLIPModel.from_pretrained(arguments.model, dtype=torch.float32).eval()
    tokenizer = CLIPTokenizer.from_pretrained(arguments.model)
    processor = CLIPImageProcessor.from_pretrained(arguments.model)
    print("| set | classes | pictures | zero-shot accuracy | chance |\n| --- | ---: | ---: | ---: | ---: |")
    for dataset in arguments.datasets:
        right, total, classes = zero_shot(model, tokenizer, processor, dataset, set(arguments.splits))
        print(f"| {dataset.name} | {classes} | {total} | {100 * right / total:.1f} | {100 / classes:.1f} |")


if __name__ == "__main__":
    main()

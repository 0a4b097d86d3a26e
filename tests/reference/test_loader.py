"""The loader that goes along with every export, against the answers of the engine that wrote it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from conftest import LOADER, SAMPLE, STARTER, Engine, expect_close, import_loader

CLASS_NAMES = ["bird or insect", "road_vehicle", 'quotes """ and \\ and \n lines', "猫"]


@pytest.fixture(scope="module", params=["small_clip", "starter"])
def folder(request: pytest.FixtureRequest) -> Path:
    """Each of the CLIPs."""
    return STARTER if request.param == "starter" else request.getfixturevalue(request.param)


@pytest.fixture(params=["template", "token-ensemble", "text alone", "no prompts"])
def export(request: pytest.FixtureRequest, folder: Path, engine: Engine, tmp_path: Path) -> Path:
    """An export of random prompts, with the engine's answers to pictures of all kinds."""
    target = tmp_path / "export"
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    random = torch.Generator().manual_seed(6)
    lengths, prompts = {}, {}
    for branch, name, pattern in [("text", "text_config", [0, 2, 5]), ("image", "vision_config", [3, 0])]:
        depth, width = config[name]["num_hidden_layers"], config[name]["hidden_size"]
        empty = request.param == "no prompts" or (request.param == "text alone" and branch == "image")
        lengths[branch] = [0 if empty else pattern[layer % len(pattern)] for layer in range(depth)]
        if not empty:
            prompts[branch] = torch.randn(sum(lengths[branch]), width, generator=random)
    request_of_engine = {
        "command": "export",
        "clip": str(folder),
        "classNames": CLASS_NAMES,
        "template": "a photo of a {}.",
        "textInput": "token-ensemble" if request.param == "token-ensemble" else "template",
        "contextLengths": lengths,
        "images": [str(path) for path in pictures(tmp_path / "pictures")],
        "target": str(target),
        "loader": str(LOADER),
    }
    engine(request_of_engine, prompts or {"none": torch.zeros(1)})
    return target


def test_gives_the_answers_of_the_engine(export: Path, folder: Path) -> None:
    """Through recomputed class features, which equal the stored ones."""
    clip = import_loader(export).load(export, folder)
    answers = json.loads((export / "verification.json").read_text(encoding="utf-8"))
    images = [Image.open(Path(answers["imageFolder"]) / image["path"]) for image in answers["images"]]
    expected = torch.tensor([image["probabilities"] for image in answers["images"]])
    probabilities = clip.class_probabilities(images)
    what = f"{folder.name}, loader"
    stored = load_file(export / "classifier.safetensors")["text_features"]
    expect_close(f"{what}, class features", clip.text_features(), stored, 1e-4)
    expect_close(f"{what}, probabilities", probabilities, expected, 1e-3)
    assert torch.equal(probabilities.argmax(dim=1), expected.argmax(dim=1))
    assert clip.class_names == CLASS_NAMES


def test_refuses_another_clip(engine: Engine, small_clip: Path, tmp_path: Path) -> None:
    """One of another shape, and one of the same shape with other weights."""
    target = tmp_path / "export"
    request = {
        "command": "export",
        "clip": str(STARTER),
        "classNames": CLASS_NAMES,
        "template": "a photo of a {}.",
        "textInput": "template",
        "contextLengths": {"text": [2, 0, 0, 0], "image": [0] * 6},
        "images": [],
        "target": str(target),
        "loader": str(LOADER),
    }
    engine(request, {"text": torch.randn(2, 192, generator=torch.Generator().manual_seed(7))})
    loader = import_loader(target)
    with pytest.raises(ValueError, match="other depth or width"):
        loader.load(target, small_clip)
    with pytest.raises(ValueError, match="another CLIP"):
        loader.load(target, shuffled_copy(STARTER, tmp_path / "other"))


def test_answers_from_a_shell(engine: Engine, tmp_path: Path) -> None:
    """One JSON document on stdout."""
    target = tmp_path / "export"
    paths = pictures(tmp_path / "pictures")
    request = {
        "command": "export",
        "clip": str(STARTER),
        "classNames": CLASS_NAMES,
        "template": "a photo of a {}.",
        "textInput": "template",
        "contextLengths": {"text": [0] * 4, "image": [2] + [0] * 5},
        "images": [str(path) for path in paths],
        "target": str(target),
        "loader": str(LOADER),
    }
    engine(request, {"image": torch.randn(2, 192, generator=torch.Generator().manual_seed(8))})
    answers = run_loader(target, STARTER, paths[:2])
    assert answers["classes"] == CLASS_NAMES
    assert [answer["path"] for answer in answers["answers"]] == [str(path) for path in paths[:2]]
    assert all(answer["class"] in CLASS_NAMES for answer in answers["answers"])


def run_loader(export: Path, clip: Path, images: list[Path]) -> Any:
    """Standard output of the loader as a program, in a process that can import torchvision."""
    start = "import conftest, runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    command = [sys.executable, "-c", start, export / "load_prompts.py", export, clip, *images]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent)
    return json.loads(done.stdout)


def pictures(folder: Path) -> list[Path]:
    """Pictures of the sample, and made ones: not square, turned by EXIF, transparent, grey, smaller than CLIP's."""
    folder.mkdir()
    noise = torch.randint(256, (90, 140, 4), dtype=torch.uint8, generator=torch.Generator().manual_seed(9)).numpy()
    made = Image.fromarray(noise, "RGBA")
    turned = Image.Exif()
    turned[0x0112] = 6
    made.convert("RGB").save(folder / "turned.png", exif=turned)
    made.save(folder / "transparent.png")
    made.convert("L").save(folder / "grey.png")
    made.convert("RGB").resize((20, 33)).save(folder / "small.png")
    sample = [min(each.iterdir()) for each in sorted(SAMPLE.iterdir()) if each.is_dir()]
    return [*sample[:6], *sorted(folder.iterdir())]


def shuffled_copy(clip: Path, folder: Path) -> Path:
    """The same CLIP with the rows of its text projection in another order."""
    folder.mkdir()
    for path in clip.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    state = load_file(clip / "model.safetensors")
    state["text_projection.weight"] = state["text_projection.weight"].roll(1, dims=0).contiguous()
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    return folder

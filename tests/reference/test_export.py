"""A real run on the sample project, from the command line, its export answered by PyTorch."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from conftest import NODE, REPOSITORY, SAMPLE, STARTER, expect_close, import_loader

CLI = Path(os.environ.get("DPLSTUDIO_CLI", REPOSITORY / "out" / "main" / "cli.js"))


@pytest.fixture(scope="module", params=["template", "token-ensemble"])
def export(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short search and training, exported."""
    folder = tmp_path_factory.mktemp("studio")
    epochs = ["--set", "search.epochs=2", "--set", "train.epochs=5"]
    text = ["--set", f"search.textInput={request.param}", "--set", f"train.textInput={request.param}"]
    done = dplstudio(folder, "run", str(SAMPLE), "--preset", "quick", "--shots", "4", *epochs, *text)
    target = folder / "export"
    dplstudio(folder, "export", done["run"]["id"], "--to", str(target))
    return target


def test_pytorch_gives_the_answers_of_the_run(export: Path) -> None:
    """Equal answers to all stored pictures, probabilities within 1e-3, class features as stored."""
    clip = import_loader(export).load(export, STARTER)
    answers = json.loads((export / "verification.json").read_text(encoding="utf-8"))
    images = [Image.open(Path(answers["imageFolder"]) / image["path"]) for image in answers["images"]]
    expected = torch.tensor([image["probabilities"] for image in answers["images"]])
    probabilities = clip.class_probabilities(images)
    assert len(images) == 64
    assert torch.equal(probabilities.argmax(dim=1), expected.argmax(dim=1))
    assert (probabilities - expected).abs().max() < 1e-3
    expect_close("export, probabilities", probabilities, expected, 1e-3)
    stored = load_file(export / "classifier.safetensors")["text_features"]
    expect_close("export, class features", clip.text_features(), stored, 1e-4)


def test_the_prompts_are_what_makes_the_answers(export: Path) -> None:
    """Without them the probabilities are others, so that the test above would notice if they were not used."""
    clip = import_loader(export).load(export, STARTER)
    answers = json.loads((export / "verification.json").read_text(encoding="utf-8"))
    images = [Image.open(Path(answers["imageFolder"]) / image["path"]) for image in answers["images"]]
    prompted = clip.class_probabilities(images)
    for prompts in (clip.text_prompts, clip.image_prompts):
        for layer, prompt in enumerate(prompts):
            prompts[layer] = torch.nn.Parameter(prompt[:0])
    assert (clip.class_probabilities(images) - prompted).abs().max() > 1e-2


def test_fresh_process_of_the_program_agrees(export: Path) -> None:
    """The program's own verification."""
    verified = dplstudio(export.parent, "verify", str(export))
    assert verified["passed"]
    assert verified["agreement"] == 1
    assert verified["maxProbabilityDifference"] < 1e-4


def dplstudio(data_folder: Path, *arguments: str) -> Any:
    """The JSON document that a command prints."""
    command = [NODE, CLI, *arguments, "--data-dir", data_folder, "--json"]
    environment = os.environ | {"DPLSTUDIO_RUNTIME": runtime_pack()}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def runtime_pack() -> str:
    """The runtime of the default data folder; the test's own data folder has none."""
    if chosen := os.environ.get("DPLSTUDIO_RUNTIME"):
        return chosen
    listed = subprocess.run([NODE, CLI, "runtime", "list", "--json"], capture_output=True, text=True, check=True)
    return next(pack["folder"] for pack in json.loads(listed.stdout) if pack["installed"] is not None)

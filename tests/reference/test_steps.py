"""One step of the search and of the training against plain PyTorch, from the same state.

The reference runs in double precision. With a velocity, the new velocity is 0.9 of the old one plus the gradient, so
that equal velocities mean equal gradients.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import dpl_reference as reference
from conftest import STARTER, Engine, Tensors, expect_close

LOSS = 1e-5
DIVERGENCE = 1e-4  # what is left of logarithms that nearly cancel
GRADIENT = 1e-4
PARAMETER = 1e-5

CLASS_NAMES = ["cat", "bird or insect", "sport_or_game", "tool"]
TEMPLATE = "a photo of a {}."
OPTIONS = [0, 2, 3]


@pytest.fixture(scope="module", params=["small_clip", "starter"])
def folder(request: pytest.FixtureRequest) -> Path:
    """Each of the CLIPs."""
    return STARTER if request.param == "starter" else request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def clip(folder: Path) -> reference.Clip:
    """The CLIP of the reference, in double precision."""
    return reference.Clip.from_folder(folder, torch.float64)


SEARCHES: list[tuple[str, dict[str, Any], list[str]]] = [
    ("block mixing, SGD", {"mixing": "block", "alphaOptimizer": "sgd"}, ["text", "image"]),
    ("attention mixing, Adam", {"mixing": "attention", "alphaOptimizer": "adam"}, ["text", "image"]),
    (
        "decaying alpha",
        {"alphaOptimizer": "adam", "alphaWeightDecay": 0.1, "alphaBetas": [0.9, 0.99]},
        ["text", "image"],
    ),
    ("text branch alone", {"mixing": "block", "alphaWeightDecay": 0.01}, ["text"]),
    ("image branch alone", {"mixing": "attention"}, ["image"]),
    ("ensemble of templates", {"textInput": "token-ensemble", "mixing": "attention"}, ["text", "image"]),
]


@pytest.mark.parametrize(("name", "changes", "branches"), SEARCHES, ids=[name for name, _, _ in SEARCHES])
def test_search_step(
    folder: Path, clip: reference.Clip, engine: Engine, name: str, changes: dict[str, Any], branches: list[str]
) -> None:
    """Losses, gradients and the new state of both updates."""
    state = search_state(clip, branches, adam=changes.get("alphaOptimizer") == "adam")
    batches = draw_batch(clip, 4, seed=1), draw_batch(clip, 5, seed=2)
    request = {
        "command": "search-step",
        "clip": str(folder),
        "classNames": CLASS_NAMES,
        "template": TEMPLATE,
        "branches": branches,
        "config": {"options": OPTIONS, **changes},
        "rates": {"prompts": 0.05, "alpha": 0.02},
    }
    ours, about = engine(request, inputs(state, train=batches[0], validation=batches[1]))
    config = about["config"] | {"branches": branches}
    rates = request["rates"]
    metrics, expected = reference.search_step(
        clip, embed(clip, about["classTexts"]), state, batches, config, (rates["prompts"], rates["alpha"])
    )
    compare(f"{folder.name}, search, {name}", ours, metrics, expected)


TRAININGS: list[tuple[str, dict[str, Any]]] = [
    ("no distillation", {}),
    ("distillation", {"distillation": {"enabled": True, "lambda": 0.7, "temperature": 2}}),
    ("distillation, sum", {"distillation": {"enabled": True, "reduction": "sum"}}),
    ("distillation, element mean", {"distillation": {"enabled": True, "reduction": "element-mean"}}),
    ("ensemble of templates", {"textInput": "token-ensemble"}),
]


@pytest.mark.parametrize(("name", "changes"), TRAININGS, ids=[name for name, _ in TRAININGS])
def test_training_step(folder: Path, clip: reference.Clip, engine: Engine, name: str, changes: dict[str, Any]) -> None:
    """Losses, gradients and the new state, with plain layers below, between and above the prompted ones."""
    lengths = {"text": context_lengths(clip.text, [0, 2, 4]), "image": context_lengths(clip.image, [3, 0])}
    state = training_state(clip, lengths)
    batch = draw_batch(clip, 4, seed=3)
    request = {
        "command": "training-step",
        "clip": str(folder),
        "classNames": CLASS_NAMES,
        "template": TEMPLATE,
        "contextLengths": lengths,
        "config": changes,
        "rate": 0.05,
    }
    ours, about = engine(request, inputs(state, train=batch))
    config = about["config"] | {"contextLengths": lengths}
    texts = embed(clip, about["classTexts"])
    teacher = reference.text_features(clip, texts) if config["distillation"]["enabled"] else None
    metrics, expected = reference.training_step(clip, texts, state, batch, config, request["rate"], teacher)
    compare(f"{folder.name}, training, {name}", ours, metrics, expected)


def compare(name: str, ours: Tensors, metrics: torch.Tensor, expected: reference.State) -> None:
    """Metrics one by one, then the state."""
    metrics_of_ours = ours.pop("metrics")
    for place, (mine, theirs) in enumerate(zip(metrics_of_ours, metrics, strict=True)):
        if theirs != 0 or mine != 0:
            distillation = ", training, " in name and place == 2
            expect_close(f"{name}, metric {place}", mine, theirs, DIVERGENCE if distillation else LOSS)
    assert ours.keys() == expected.keys()
    for key, tensor in expected.items():
        tolerance = GRADIENT if key.endswith(("Velocity", "First", "Second")) else PARAMETER
        expect_close(f"{name}, {key}", ours[key], tensor, tolerance)


def search_state(clip: reference.Clip, branches: list[str], *, adam: bool) -> reference.State:
    """A state in the middle of a search."""
    random = torch.Generator().manual_seed(4)
    state: reference.State = {}
    for branch, weights in [("text", clip.text), ("image", clip.image)]:
        if branch not in branches:
            continue
        prompts, alpha = (len(weights.blocks), sum(OPTIONS), weights.width), (len(weights.blocks), len(OPTIONS))
        state[f"{branch}.prompts"] = normal(random, *prompts, scale=0.5)
        state[f"{branch}.promptVelocity"] = normal(random, *prompts, scale=1e-4)
        state[f"{branch}.alpha"] = normal(random, *alpha)
        if adam:
            state[f"{branch}.alphaFirst"] = normal(random, *alpha, scale=1e-3)
            state[f"{branch}.alphaSecond"] = normal(random, *alpha, scale=1e-3) ** 2
            state[f"{branch}.alphaStep"] = torch.tensor(3.0, dtype=torch.float64)
        else:
            state[f"{branch}.alphaVelocity"] = normal(random, *alpha, scale=1e-3)
    return state


def training_state(clip: reference.Clip, lengths: dict[str, list[int]]) -> reference.State:
    """A state in the middle of training."""
    random = torch.Generator().manual_seed(5)
    state: reference.State = {}
    for branch, weights in [("text", clip.text), ("image", clip.image)]:
        shape = (sum(lengths[branch]), weights.width)
        state[f"{branch}.prompts"] = normal(random, *shape, scale=0.5)
        state[f"{branch}.promptVelocity"] = normal(random, *shape, scale=1e-4)
    return state


def context_lengths(weights: reference.ClipBranchWeights, pattern: list[int]) -> list[int]:
    """The pattern over and over, for every layer."""
    return [pattern[layer % len(pattern)] for layer in range(len(weights.blocks))]


def draw_batch(clip: reference.Clip, size: int, seed: int) -> reference.Batch:
    """Random pictures and classes."""
    random = torch.Generator().manual_seed(seed)
    grid = round((len(clip.image_positions) - 1) ** 0.5)
    side = grid * clip.patch_embedding.shape[-1]
    labels = torch.randint(len(CLASS_NAMES), (size,), generator=random)
    return reference.Batch(normal(random, size, 3, side, side), labels)


def normal(random: torch.Generator, *shape: int, scale: float = 1.0) -> torch.Tensor:
    """Numbers that single precision holds too, so that both sides start alike."""
    return (scale * torch.randn(*shape, generator=random, dtype=torch.float32)).double()


def inputs(state: reference.State, **batches: reference.Batch) -> Tensors:
    """State and batches as the engine reads them."""
    tensors = {f"state.{name}": tensor.float() for name, tensor in state.items()}
    for name, batch in batches.items():
        tensors[f"{name}.pixels"] = batch.pixels.permute(0, 2, 3, 1).float()
        tensors[f"{name}.labels"] = batch.labels.float()
    return tensors


def embed(clip: reference.Clip, class_texts: list[list[dict[str, Any]]]) -> reference.ClassTexts:
    """The class texts that the engine read, embedded."""
    return reference.embed_ensemble(clip, [[text["ids"] for text in texts] for texts in class_texts])

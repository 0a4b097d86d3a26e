"""What the reference tests share: the engine at the end of a folder, and CLIPs for both sides to read."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

REPOSITORY = Path(__file__).resolve().parents[2]
NODE = os.environ.get("DPLSTUDIO_NODE") or REPOSITORY / "node_modules" / ".bin" / "node"
ENGINE = Path(__file__).with_name("engine.ts")
STARTER = REPOSITORY / "resources" / "starter-clip"
LOADER = REPOSITORY / "resources" / "export" / "load_prompts.py"
SAMPLE = REPOSITORY / "resources" / "sample"

Tensors = dict[str, torch.Tensor]
Engine = Callable[[Mapping[str, Any], Tensors], tuple[Tensors, Any]]


def declare_vision_operators() -> None:
    """Let torchvision be imported beside a torch of another build.

    Registries offer it for one kind of torch only; beside another its compiled operators do not load, and importing it
    then fails over two that are missing. Nothing here uses them.
    """
    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        operators = torch.library.Library("torchvision", "FRAGMENT")
        operators.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        operators.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        kept.append(operators)


kept: list[torch.library.Library] = []
declare_vision_operators()

from open_clip.tokenizer import SimpleTokenizer  # noqa: E402
from transformers import CLIPConfig, CLIPModel, CLIPTextConfig, CLIPVisionConfig  # noqa: E402


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """Ask the engine: a request and tensors in, tensors and a JSON document out."""

    def ask(request: Mapping[str, Any], tensors: Tensors) -> tuple[Tensors, Any]:
        (tmp_path / "request.json").write_text(json.dumps(request), encoding="utf-8")
        save_file({name: t.contiguous() for name, t in tensors.items()}, tmp_path / "input.safetensors")
        done = subprocess.run(
            [NODE, ENGINE, tmp_path], capture_output=True, text=True, check=False, cwd=REPOSITORY, env=os.environ
        )
        assert done.returncode == 0, done.stderr
        answer = json.loads((tmp_path / "output.json").read_text(encoding="utf-8"))
        return load_file(tmp_path / "output.safetensors"), answer

    return ask


@pytest.fixture(scope="session")
def small_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random CLIP of few layers whose branches differ in every measure."""
    folder = tmp_path_factory.mktemp("small-clip")
    text = {"hidden_size": 32, "intermediate_size": 128, "num_hidden_layers": 3, "num_attention_heads": 4}
    vision = {"hidden_size": 48, "intermediate_size": 192, "num_hidden_layers": 2, "num_attention_heads": 3}
    config = CLIPConfig(
        text_config=CLIPTextConfig(**text, eos_token_id=49407).to_dict(),
        vision_config=CLIPVisionConfig(**vision, image_size=32, patch_size=8).to_dict(),
        projection_dim=24,
    )
    return save_random_clip(folder, config, strength=4.0)


@pytest.fixture(scope="session")
def base_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random CLIP of the shape of ViT-B/16."""
    config = CLIPConfig(
        text_config=CLIPTextConfig(eos_token_id=49407).to_dict(),
        vision_config=CLIPVisionConfig(patch_size=16).to_dict(),
        projection_dim=512,
    )
    return save_random_clip(tmp_path_factory.mktemp("base-clip"), config, strength=2.0)


def save_random_clip(folder: Path, config: CLIPConfig, strength: float) -> Path:
    """A CLIP folder with CLIP's vocabulary; ``strength`` multiplies the usual random weights: every layer counts."""
    torch.manual_seed(0)
    model = CLIPModel(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("norm.weight") or "layer_norm" in name or "layrnorm" in name or "layernorm" in name:
                parameter += 0.2 * torch.randn_like(parameter)
            elif name.endswith("bias"):
                parameter += 0.1 * torch.randn_like(parameter)
            elif name != "logit_scale":
                parameter *= strength
    model.save_pretrained(folder)
    tokenizer = SimpleTokenizer()
    pieces = [*list(tokenizer.encoder)[:-2], "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    merges = "\n".join(["#version: 0.2", *(" ".join(pair) for pair in tokenizer.bpe_ranks)])
    (folder / "merges.txt").write_text(merges + "\n", encoding="utf-8")
    return folder


def import_loader(export: Path) -> ModuleType:
    """The loader of an export as a module."""
    spec = importlib.util.spec_from_file_location("load_prompts", export / "load_prompts.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


measured: list[str] = []


def expect_close(what: str, actual: torch.Tensor, expected: torch.Tensor, tolerance: float) -> None:
    """Largest difference, as a share of the largest expected number, within the tolerance; reported at the end."""
    assert actual.shape == expected.shape, what
    expected = expected.detach().to(torch.float64)
    difference = (actual.to(torch.float64) - expected).abs().max() / expected.abs().max().clamp(min=1e-30)
    measured.append(f"{what}: {difference.item():.1e}, {tolerance:.0e} allowed")
    assert difference <= tolerance, measured[-1]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the differences that were measured."""
    terminalreporter.section("largest relative differences")
    for line in measured:
        terminalreporter.write_line(line)

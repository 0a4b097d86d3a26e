"""Differentiable prompt learning written down plainly in PyTorch, to hold the engine against.

No saving is made: every text has all its positions, every option its own block, every row is computed in every layer,
gradients come from autograd and updates from torch.optim. Runs in any precision and on any device; whatever the clip's
tensors are on is used. Names of states are the engine's: ``<branch>.prompts``, ``<branch>.alpha`` and so on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

State = dict[str, Tensor]
"""What a stage learns and what its optimizers remember."""


@dataclass(frozen=True)
class Norm:
    """A layer norm."""

    scale: Tensor
    shift: Tensor
    epsilon: float

    def __call__(self, x: Tensor) -> Tensor:
        """Normalise the last axis."""
        return functional.layer_norm(x, self.scale.shape, self.scale, self.shift, self.epsilon)


@dataclass(frozen=True)
class Linear:
    """A linear layer, weight [outputs, inputs]."""

    weight: Tensor
    bias: Tensor | None

    def __call__(self, x: Tensor) -> Tensor:
        """Apply it to the last axis."""
        return functional.linear(x, self.weight, self.bias)


@dataclass(frozen=True)
class Block:
    """A pre-norm transformer block of CLIP."""

    heads: int
    activation: str
    causal: bool
    norm1: Norm
    query: Linear
    key: Linear
    value: Linear
    output: Linear
    norm2: Norm
    expand: Linear
    contract: Linear


Forward = Callable[[Block, Tensor, int], Tensor]
"""A way through a block: block, tokens [B, L, d] and layer to tokens."""


@dataclass(frozen=True)
class ClipBranchWeights:
    """The blocks of one branch and what comes after them."""

    blocks: list[Block]
    last_norm: Norm
    projection: Linear

    @property
    def width(self) -> int:
        """Numbers per token."""
        return self.last_norm.scale.shape[0]

    @staticmethod
    def from_state_dict(state: Mapping[str, Tensor], branch: str, config: Mapping[str, Any]) -> ClipBranchWeights:
        """Pick ``text`` or ``vision`` out of the tensors of a transformers CLIP."""
        shape = config[f"{branch}_config"]
        epsilon = shape.get("layer_norm_eps", 1e-5)

        def norm(name: str) -> Norm:
            return Norm(state[f"{name}.weight"], state[f"{name}.bias"], epsilon)

        def linear(name: str) -> Linear:
            return Linear(state[f"{name}.weight"], state.get(f"{name}.bias"))

        def block(layer: int) -> Block:
            name = f"{branch}_model.encoder.layers.{layer}"
            return Block(
                heads=shape["num_attention_heads"],
                activation=shape.get("hidden_act", "quick_gelu"),
                causal=branch == "text",
                norm1=norm(f"{name}.layer_norm1"),
                query=linear(f"{name}.self_attn.q_proj"),
                key=linear(f"{name}.self_attn.k_proj"),
                value=linear(f"{name}.self_attn.v_proj"),
                output=linear(f"{name}.self_attn.out_proj"),
                norm2=norm(f"{name}.layer_norm2"),
                expand=linear(f"{name}.mlp.fc1"),
                contract=linear(f"{name}.mlp.fc2"),
            )

        last = "final_layer_norm" if branch == "text" else "post_layernorm"
        return ClipBranchWeights(
            blocks=[block(layer) for layer in range(shape["num_hidden_layers"])],
            last_norm=norm(f"{branch}_model.{last}"),
            projection=linear("text_projection" if branch == "text" else "visual_projection"),
        )


@dataclass(frozen=True)
class Clip:
    """A frozen CLIP."""

    text: ClipBranchWeights
    image: ClipBranchWeights
    token_embedding: Tensor
    text_positions: Tensor
    patch_embedding: Tensor
    class_embedding: Tensor
    image_positions: Tensor
    first_norm: Norm
    logit_scale: Tensor

    @staticmethod
    def from_folder(folder: str | Path, dtype: torch.dtype = torch.float32, device: str = "cpu") -> Clip:
        """Read a folder in the layout of transformers."""
        config = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))
        state = load_file(Path(folder) / "model.safetensors")
        return Clip.from_state_dict({name: t.to(device, dtype) for name, t in state.items()}, config)

    @staticmethod
    def from_state_dict(state: Mapping[str, Tensor], config: Mapping[str, Any]) -> Clip:
        """Arrange the tensors of a transformers CLIP."""
        text, vision = "text_model.embeddings", "vision_model.embeddings"
        image = ClipBranchWeights.from_state_dict(state, "vision", config)
        return Clip(
            text=ClipBranchWeights.from_state_dict(state, "text", config),
            image=image,
            token_embedding=state[f"{text}.token_embedding.weight"],
            text_positions=state[f"{text}.position_embedding.weight"],
            patch_embedding=state[f"{vision}.patch_embedding.weight"],
            class_embedding=state[f"{vision}.class_embedding"],
            image_positions=state[f"{vision}.position_embedding.weight"],
            first_norm=Norm(
                state["vision_model.pre_layrnorm.weight"],
                state["vision_model.pre_layrnorm.bias"],
                image.last_norm.epsilon,
            ),
            logit_scale=state["logit_scale"].exp(),
        )


@dataclass(frozen=True)
class ClassTexts:
    """Class texts on their way into the text branch."""

    embedded: Tensor
    """[C, 77, d] token embeddings without positions"""
    ends: Tensor
    """[C] the position that is read out"""


def embed_texts(clip: Clip, ids: Sequence[Sequence[int]]) -> ClassTexts:
    """Token ids of each class, ending with the end of text, padded with token 0 to all positions."""
    positions = len(clip.text_positions)
    padded = torch.tensor([[*text, *[0] * (positions - len(text))] for text in ids])
    ends = torch.tensor([len(text) - 1 for text in ids])
    device = clip.token_embedding.device
    return ClassTexts(clip.token_embedding[padded.to(device)], ends.to(device))


def embed_ensemble(clip: Clip, ids: Sequence[Sequence[Sequence[int]]]) -> ClassTexts:
    """Mean embedding of each class over templates, position by position, read out where the last template ends."""
    texts = [embed_texts(clip, templates) for templates in ids]
    return ClassTexts(
        torch.stack([text.embedded.mean(dim=0) for text in texts]), torch.stack([text.ends[-1] for text in texts])
    )


def attention(block: Block, tokens: Tensor, prompt: Tensor) -> Tensor:
    """Output of attention with the prompt's keys and values before those of the tokens, Eqs. 4 and 5."""
    normed = block.norm1(tokens)
    context = torch.cat([block.norm1(prompt).expand(len(tokens), -1, -1), normed], dim=1)

    def heads(x: Tensor) -> Tensor:
        return x.unflatten(-1, (block.heads, -1)).transpose(1, 2)

    query, key, value = heads(block.query(normed)), heads(block.key(context)), heads(block.value(context))
    scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
    if block.causal:
        length = tokens.shape[1]
        own = torch.full((length, length), -torch.inf, dtype=tokens.dtype, device=tokens.device).triu(1)
        scores = scores + functional.pad(own, (len(prompt), 0))
    return block.output((scores.softmax(dim=-1) @ value).transpose(1, 2).flatten(2))


def finish(block: Block, tokens: Tensor, attended: Tensor) -> Tensor:
    """Residual and feed-forward layer."""
    between = tokens + attended
    hidden = block.expand(block.norm2(between))
    active = hidden * torch.sigmoid(1.702 * hidden) if block.activation == "quick_gelu" else functional.gelu(hidden)
    return between + block.contract(active)


def plain(block: Block, tokens: Tensor, _layer: int) -> Tensor:
    """CLIP without prompts."""
    return finish(block, tokens, attention(block, tokens, tokens.new_empty(0, tokens.shape[-1])))


def subprompt(prompts: Sequence[Tensor]) -> Forward:
    """The training stage's way: the prompt of each layer, [c, d] with c = 0 for none."""
    return lambda block, tokens, layer: finish(block, tokens, attention(block, tokens, prompts[layer]))


def supprompt(prompts: Tensor, alpha: Tensor, options: Sequence[int], mixing: str) -> Forward:
    """The search stage's way, Eqs. 3, 6 and 7. prompts [depth, sum of options, d], alpha [depth, t]"""

    def forward(block: Block, tokens: Tensor, layer: int) -> Tensor:
        weights = alpha[layer].softmax(dim=-1)
        attended = [attention(block, tokens, prompt) for prompt in prompts[layer].split(list(options))]
        if mixing == "attention":
            return finish(block, tokens, sum(w * a for w, a in zip(weights, attended, strict=True)))
        return sum(w * finish(block, tokens, a) for w, a in zip(weights, attended, strict=True))

    return forward


def text_features(clip: Clip, texts: ClassTexts, forward: Forward = plain) -> Tensor:
    """Unit features of class texts, [C, e]."""
    tokens = texts.embedded + clip.text_positions
    for layer, block in enumerate(clip.text.blocks):
        tokens = forward(block, tokens, layer)
    read = tokens[torch.arange(len(tokens), device=tokens.device), texts.ends]
    return functional.normalize(clip.text.projection(clip.text.last_norm(read)), dim=-1)


def image_features(clip: Clip, pixels: Tensor, forward: Forward = plain) -> Tensor:
    """Unit features of preprocessed pictures, [B, 3, S, S] -> [B, e]."""
    patches = functional.conv2d(pixels, clip.patch_embedding, stride=clip.patch_embedding.shape[-1])
    start = clip.class_embedding.expand(len(pixels), 1, -1)
    tokens = clip.first_norm(torch.cat([start, patches.flatten(2).transpose(1, 2)], dim=1) + clip.image_positions)
    for layer, block in enumerate(clip.image.blocks):
        tokens = forward(block, tokens, layer)
    return functional.normalize(clip.image.projection(clip.image.last_norm(tokens[:, 0])), dim=-1)


def logits(clip: Clip, images: Tensor, classes: Tensor) -> Tensor:
    """Scaled cosine similarities, [B, C]."""
    return clip.logit_scale * images @ classes.T


@dataclass(frozen=True)
class Batch:
    """Preprocessed pictures [B, 3, S, S] and their classes [B]."""

    pixels: Tensor
    labels: Tensor


def search_step(
    clip: Clip,
    texts: ClassTexts,
    state: State,
    batches: tuple[Batch, Batch],
    config: Mapping[str, Any],
    rates: tuple[float, float],
) -> tuple[Tensor, State]:
    """Lines 3 and 4 of Algorithm 1.

    ``batches`` are training and validation, ``rates`` of prompts and alpha, ``config`` the engine's search
    configuration with ``branches``. Returns [validation loss, right ones, training loss, right ones] and the new state.
    """
    train, validation = batches
    prompt_rate, alpha_rate = rates
    branches = config["branches"]

    def loss_of(batch: Batch, learned: State) -> tuple[Tensor, Tensor]:
        ways = {
            branch: supprompt(
                learned[f"{branch}.prompts"], learned[f"{branch}.alpha"], config["options"], config["mixing"]
            )
            for branch in branches
        }
        classes = text_features(clip, texts, ways.get("text", plain))
        scores = logits(clip, image_features(clip, batch.pixels, ways.get("image", plain)), classes)
        return functional.cross_entropy(scores, batch.labels), (scores.argmax(dim=-1) == batch.labels).sum()

    state, *validation_terms = _descend(
        state, [f"{branch}.alpha" for branch in branches], lambda s: loss_of(validation, s), _alpha(config, alpha_rate)
    )
    state, *train_terms = _descend(
        state, [f"{branch}.prompts" for branch in branches], lambda s: loss_of(train, s), _prompts(config, prompt_rate)
    )
    return torch.stack([term.detach().to(clip.logit_scale) for term in validation_terms + train_terms]), state


def training_step(
    clip: Clip,
    texts: ClassTexts,
    state: State,
    batch: Batch,
    config: Mapping[str, Any],
    rate: float,
    teacher: Tensor | None = None,
) -> tuple[Tensor, State]:
    """One step of the training stage.

    ``config`` is the engine's training configuration with ``contextLengths``; ``teacher`` are class features [C, e] of
    plain CLIP, None without distillation. Returns [total, deviation and distillation loss, right ones] and the state.
    """
    names = [name for name in state if name.endswith(".prompts")]

    def way(learned: State, branch: str, width: int) -> Forward:
        rows = learned.get(f"{branch}.prompts", clip.logit_scale.new_empty(0, width))
        return subprompt(rows.split(list(config["contextLengths"][branch])))

    def loss_of(learned: State) -> tuple[Tensor, ...]:
        classes = text_features(clip, texts, way(learned, "text", clip.text.width))
        scores = logits(clip, image_features(clip, batch.pixels, way(learned, "image", clip.image.width)), classes)
        deviation = functional.cross_entropy(scores, batch.labels)
        right = (scores.argmax(dim=-1) == batch.labels).sum()
        if teacher is None:
            return deviation, deviation, torch.zeros_like(deviation), right
        zero_shot = logits(clip, image_features(clip, batch.pixels), teacher)
        divergence = distillation_loss(scores, zero_shot, config["distillation"])
        return deviation + config["distillation"]["lambda"] * divergence, deviation, divergence, right

    state, *terms = _descend(state, names, loss_of, _prompts(config, rate))
    return torch.stack([term.detach().to(clip.logit_scale) for term in terms]), state


def distillation_loss(student: Tensor, teacher: Tensor, config: Mapping[str, Any]) -> Tensor:
    """Divergence of the student from the teacher, Eq. 12, both scores [B, C]."""
    student, teacher = (scores / config["temperature"] for scores in (student, teacher))
    divergence = functional.kl_div(
        student.log_softmax(dim=-1), teacher.log_softmax(dim=-1), reduction="none", log_target=True
    )
    total = divergence.sum()
    return total / {"sum": 1, "batch-mean": len(student), "element-mean": student.numel()}[config["reduction"]]


Update = Callable[[State, str], torch.optim.Optimizer]
"""An optimizer for one parameter of a state, with what the state remembers of earlier steps."""


def _descend(
    state: State, names: Sequence[str], loss_of: Callable[[State], tuple[Tensor, ...]], update: Update
) -> tuple[Any, ...]:
    """One update of the named parameters, nothing else. The new state and the terms, the loss first."""
    moved = {name: state[name].clone().requires_grad_() for name in names}
    terms = loss_of(state | moved)
    terms[0].backward()
    after = dict(state)
    for name, parameter in moved.items():
        optimizer = update(state | moved, name)
        optimizer.step()
        after |= {name: parameter.detach()} | _memory(name, optimizer.state[parameter])
    return after, *terms


def _prompts(config: Mapping[str, Any], rate: float) -> Update:
    return _sgd(rate, momentum=config["momentum"], weight_decay=config["weightDecay"])


def _alpha(config: Mapping[str, Any], rate: float) -> Update:
    decay = config["alphaWeightDecay"]
    if config["alphaOptimizer"] == "sgd":
        return _sgd(rate, momentum=config["alphaMomentum"], weight_decay=decay)

    def adam(state: State, name: str) -> torch.optim.Optimizer:
        optimizer = torch.optim.Adam([state[name]], lr=rate, betas=tuple(config["alphaBetas"]), weight_decay=decay)
        optimizer.state[state[name]] = {
            "step": state[f"{name}Step"].detach().reshape(()).float().cpu().clone(),
            "exp_avg": state[f"{name}First"].clone(),
            "exp_avg_sq": state[f"{name}Second"].clone(),
        }
        return optimizer

    return adam


def _sgd(rate: float, momentum: float, weight_decay: float) -> Update:
    def sgd(state: State, name: str) -> torch.optim.Optimizer:
        optimizer = torch.optim.SGD([state[name]], lr=rate, momentum=momentum, weight_decay=weight_decay)
        optimizer.state[state[name]] = {"momentum_buffer": state[_velocity(name)].clone()}
        return optimizer

    return sgd


def _velocity(name: str) -> str:
    return f"{name.removesuffix('s')}Velocity"


def _memory(name: str, kept: Mapping[str, Tensor]) -> State:
    """What an optimizer remembers, under the engine's names."""
    if "momentum_buffer" in kept:
        return {_velocity(name): kept["momentum_buffer"]}
    return {f"{name}First": kept["exp_avg"], f"{name}Second": kept["exp_avg_sq"], f"{name}Step": kept["step"]}

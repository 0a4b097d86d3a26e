"""The steps as the authors' released code takes them, written anew from their description.

All text positions are computed, every option projects its own queries, keys, values and output, prompts are expanded
over the batch, both passes of a search step find all gradients, and training always runs the teacher with weight 0.
Block mixing, which the paper describes and the released code does not have, goes option by option as Eqs. 3 to 6 read.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from .clip import Block, Branch, build_clip, causal_mask, padded_texts, seeded_batch
from .numbers import seeded

Way = Callable[[Block, Tensor, int], Tensor]


class ReleasedSteps:
    """A model with its state, one step after the other."""

    def __init__(self, setting: dict) -> None:
        self.setting = setting
        self.work = setting["work"]
        self.clip = build_clip(setting)
        self.ids = padded_texts(setting["texts"], setting["architecture"]["text"]["textPositions"])
        self.prompts = {branch: self._create_prompts(branch) for branch in ("text", "image")}
        self.alpha = {branch: self._create_alpha(branch) for branch in ("text", "image") if self._searches}
        self.batches = {name: seeded_batch(name, setting) for name in ("validation", "train")}
        rates = setting["optimisation"]
        self.prompt_optimizer = torch.optim.SGD(
            [leaf for branch in ("text", "image") for leaf in self._leaves(branch)],
            rates["learningRate"],
            momentum=rates["momentum"],
            weight_decay=rates["weightDecay"],
        )
        if self._searches:
            self.alpha_optimizer = torch.optim.SGD(
                list(self.alpha.values()),
                rates["alphaLearningRate"],
                momentum=rates["alphaMomentum"],
                weight_decay=rates["alphaWeightDecay"],
            )
        else:
            with torch.no_grad():
                self.teacher_classes = self._encode_texts(_plain)

    def take(self) -> list[float]:
        """One step; gives the losses."""
        if not self._searches:
            return [self._descend(self.prompt_optimizer, self._training_loss)]
        return [
            self._descend(self.alpha_optimizer, lambda: self._search_loss("validation")),
            self._descend(self.prompt_optimizer, lambda: self._search_loss("train")),
        ]

    def velocities(self) -> dict[str, Tensor]:
        """What the optimizers remember, by name of the parameter."""
        prompts = self.prompt_optimizer.state
        found = {
            f"{branch}.promptVelocity": torch.cat([prompts[leaf]["momentum_buffer"] for leaf in self._leaves(branch)])
            for branch in self.prompts
        }
        for branch, alpha in self.alpha.items():
            found[f"{branch}.alphaVelocity"] = self.alpha_optimizer.state[alpha]["momentum_buffer"]
        return found

    @property
    def _searches(self) -> bool:
        return self.work["stage"] == "search"

    def _descend(self, optimizer: torch.optim.Optimizer, loss_of: Callable[[], Tensor]) -> float:
        for leaf in [*self._leaves("text"), *self._leaves("image"), *self.alpha.values()]:
            leaf.grad = None
        loss = loss_of()
        loss.backward()
        optimizer.step()
        return loss.item()

    def _search_loss(self, batch: str) -> Tensor:
        pixels, labels = self.batches[batch]
        classes = self._encode_texts(self._mixed_way("text"))
        images = self._encode_images(pixels, self._mixed_way("image"))
        return F.cross_entropy(self.clip.logits(images, classes), labels)

    def _training_loss(self) -> Tensor:
        pixels, labels = self.batches["train"]
        classes = self._encode_texts(self._prompted_way("text"))
        logits = self.clip.logits(self._encode_images(pixels, self._prompted_way("image")), classes)
        with torch.no_grad():
            teacher = self.clip.logits(self._encode_images(pixels, _plain), self.teacher_classes)
        student_log, teacher_log = F.log_softmax(logits, 1), F.log_softmax(teacher, 1)
        divergence = F.kl_div(student_log, teacher_log, reduction="sum", log_target=True) / logits.numel()
        return F.cross_entropy(logits, labels) + 0.0 * divergence

    def _mixed_way(self, branch: str) -> Way:
        weights = self.alpha[branch].softmax(-1)
        mix = _mix_blocks if self.work["mixing"] == "block" else _mix_attention
        return lambda block, x, layer: mix(block, x, self.prompts[branch][layer], weights[layer])

    def _prompted_way(self, branch: str) -> Way:
        return lambda block, x, layer: _finish(block, x, _attend(block, x, self.prompts[branch][layer][0]))

    def _encode_texts(self, way: Way) -> Tensor:
        x = self.clip.tokens[self.ids] + self.clip.text.positions
        x = _run(self.clip.text, x.permute(1, 0, 2), way).permute(1, 0, 2)
        ends = self.ids.argmax(1)  # the end of text has the largest id
        return self.clip.text.read_out(x[torch.arange(len(x)), ends])

    def _encode_images(self, pixels: Tensor, way: Way) -> Tensor:
        x = self.clip.embed_images(pixels).permute(1, 0, 2)
        return self.clip.image.read_out(_run(self.clip.image, x, way)[0])

    def _leaves(self, branch: str) -> list[Tensor]:
        return [prompt for layer in self.prompts[branch] for prompt in layer if prompt is not None]

    def _create_prompts(self, branch: str) -> list[list[Tensor | None]]:
        """prompts[layer][option]; None where the context length is 0"""
        shape = self.setting["architecture"][branch]
        if self._searches:
            options = self.work["options"]
            layers = seeded(f"{branch}.prompts", (shape["depth"], sum(options), shape["width"]), 0.02)
            return [[_leaf(part) for part in layer.split(options)] for layer in layers]
        lengths = self.work["contextLengths"][branch]
        rows = seeded(f"{branch}.prompts", (sum(lengths), shape["width"]), 0.02)
        return [[_leaf(part)] for part in rows.split(lengths)]

    def _create_alpha(self, branch: str) -> Tensor:
        depth = self.setting["architecture"][branch]["depth"]
        return seeded(f"{branch}.alpha", (depth, len(self.work["options"])), 0.5).requires_grad_()


def _leaf(prompt: Tensor) -> Tensor | None:
    return prompt.clone().requires_grad_() if len(prompt) > 0 else None


def _run(branch: Branch, x: Tensor, way: Way) -> Tensor:
    """All blocks over x [L, N, d]: tokens first, as CLIP's own transformer has them."""
    for layer, block in enumerate(branch.blocks):
        x = way(block, x, layer)
    return x


def _mix_blocks(block: Block, x: Tensor, prompts: list[Tensor | None], weights: Tensor) -> Tensor:
    outputs = [_finish(block, x, _attend(block, x, prompt)) for prompt in prompts]
    return sum(weight * output for weight, output in zip(weights, outputs, strict=True))


def _mix_attention(block: Block, x: Tensor, prompts: list[Tensor | None], weights: Tensor) -> Tensor:
    attended = [_attend(block, x, prompt) for prompt in prompts]
    return _finish(block, x, sum(weight * each for weight, each in zip(weights, attended, strict=True)))


def _plain(block: Block, x: Tensor, _layer: int) -> Tensor:
    return _finish(block, x, _attend(block, x, None))


def _finish(block: Block, x: Tensor, attended: Tensor) -> Tensor:
    x = x + attended
    return x + block.feed_forward(x)


def _attend(block: Block, x: Tensor, prompt: Tensor | None) -> Tensor:
    """Cross-attention of the tokens over a prompt and themselves.  [L, N, d] -> [L, N, d]"""
    tokens = block.norm1(x)
    context = tokens
    if prompt is not None:
        expanded = prompt[:, None].expand(-1, x.shape[1], -1)
        context = torch.cat([block.norm1(expanded), tokens])
    length = len(tokens)
    mask = causal_mask(length, len(context) - length) if block.causal else None
    attended, _ = F.multi_head_attention_forward(
        tokens,
        context,
        context,
        x.shape[2],
        block.heads,
        block.query_key_value.weight,
        block.query_key_value.bias,
        None,
        None,
        False,
        0.0,
        block.output.weight,
        block.output.bias,
        training=False,
        need_weights=False,
        attn_mask=mask,
    )
    return attended

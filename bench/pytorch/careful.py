"""The same steps as a careful PyTorch engineer would write them.

Texts end at their end of text, options share queries, keys, values and the attention over the tokens (prompts are
merged in by their log-sums), a prompt is projected once for the whole batch, attention is mixed before its output
projection, the last block computes only what is read out, each pass asks for the gradients it uses, layers below the
first prompt are computed once for the texts, and there is no teacher without distillation. Not used: the beginning
that all class texts share.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .clip import QUICK_GELU_SLOPE, Block, Branch, build_clip, causal_mask, padded_texts, seeded_batch
from .numbers import seeded

Way = Callable[[Block, Tensor, int, "View"], Tensor]


@dataclass(frozen=True)
class View:
    """Which rows the last block has to give: index of the read-out row of each text or image, or None for all."""

    ends: Tensor | None

    def rows(self, x: Tensor) -> Tensor:
        """[B, L, d] -> [B, q, d]"""
        return x if self.ends is None else x[torch.arange(len(x)), self.ends][:, None]

    def mask(self, block: Block, length: int, context: int) -> Tensor | None:
        """[q, context + length], or one row for each text; None where every row sees everything"""
        if not block.causal:
            return None
        mask = causal_mask(length, context)
        return mask if self.ends is None else mask[self.ends][:, None, None]


class CarefulSteps:
    """A model with its state, one step after the other."""

    def __init__(self, setting: dict) -> None:
        self.setting = setting
        self.work = setting["work"]
        self.clip = build_clip(setting)
        searches = self.work["stage"] == "search"
        self.prompts = {branch: self._create_prompts(branch) for branch in ("text", "image")}
        self.alpha = {branch: self._create_alpha(branch) for branch in ("text", "image") if searches}
        self.batches = {name: seeded_batch(name, setting) for name in ("validation", "train")}
        rates = setting["optimisation"]
        self.prompt_optimizer = torch.optim.SGD(
            list(self.prompts.values()),
            rates["learningRate"],
            momentum=rates["momentum"],
            weight_decay=rates["weightDecay"],
        )
        if searches:
            self.alpha_optimizer = torch.optim.SGD(
                list(self.alpha.values()),
                rates["alphaLearningRate"],
                momentum=rates["alphaMomentum"],
                weight_decay=rates["alphaWeightDecay"],
            )
        self.feed_forward = {id(block): _fold_slope(block) for block in self.clip.text.blocks + self.clip.image.blocks}
        self.ends = torch.tensor([len(ids) - 1 for ids in setting["texts"]])
        self.first_text_layer, self.texts = self._advance_texts()

    def take(self) -> list[float]:
        """One step; gives the losses."""
        if self.work["stage"] == "train":
            return [self._descend(self.prompt_optimizer, self.prompts, "train")]
        return [
            self._descend(self.alpha_optimizer, self.alpha, "validation"),
            self._descend(self.prompt_optimizer, self.prompts, "train"),
        ]

    def velocities(self) -> dict[str, Tensor]:
        """What the optimizers remember, by name of the parameter."""
        found = {}
        for branch, prompts in self.prompts.items():
            found[f"{branch}.promptVelocity"] = self.prompt_optimizer.state[prompts]["momentum_buffer"]
        for branch, alpha in self.alpha.items():
            found[f"{branch}.alphaVelocity"] = self.alpha_optimizer.state[alpha]["momentum_buffer"]
        return found

    def _descend(self, optimizer: torch.optim.Optimizer, leaves: dict[str, Tensor], batch: str) -> float:
        for leaf in [*self.prompts.values(), *self.alpha.values()]:
            leaf.requires_grad_(any(leaf is wanted for wanted in leaves.values()))
        loss = self._loss(*self.batches[batch])
        for leaf, gradient in zip(leaves.values(), torch.autograd.grad(loss, list(leaves.values())), strict=True):
            leaf.grad = gradient
        optimizer.step()
        return loss.item()

    def _loss(self, pixels: Tensor, labels: Tensor) -> Tensor:
        classes = self._run(self.clip.text, self.texts, self.ends, self._way("text"), self.first_text_layer)
        start = torch.zeros(len(pixels), dtype=torch.long)
        images = self._run(self.clip.image, self.clip.embed_images(pixels), start, self._way("image"))
        return F.cross_entropy(self.clip.logits(images, classes), labels)

    def _run(self, branch: Branch, x: Tensor, ends: Tensor, way: Way, first: int = 0) -> Tensor:
        last = len(branch.blocks) - 1
        for layer in range(first, last + 1):
            x = way(branch.blocks[layer], x, layer, View(ends if layer == last else None))
        return branch.read_out(x[:, 0])

    def _way(self, branch: str) -> Way:
        prompts = self.prompts[branch]
        if self.work["stage"] == "train":
            layers = prompts.split(self.work["contextLengths"][branch])
            return lambda block, x, layer, view: self._prompted_block(block, x, layers[layer], view)
        weights = self.alpha[branch].softmax(-1)
        mix = self._mix_blocks if self.work["mixing"] == "block" else self._mix_attention
        return lambda block, x, layer, view: mix(block, x, prompts[layer], weights[layer], view)

    def _prompted_block(self, block: Block, x: Tensor, prompt: Tensor, view: View) -> Tensor:
        """A block whose tokens also attend to one prompt [c, d], which may be empty."""
        query, key, value = _project(block, x, view)
        if len(prompt) > 0:
            prompt_key, prompt_value = _project_prompt(block, prompt)
            key = torch.cat([prompt_key.expand(len(x), -1, -1, -1), key], 2)
            value = torch.cat([prompt_value.expand(len(x), -1, -1, -1), value], 2)
        mask = view.mask(block, x.shape[1], len(prompt))
        attended = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return self._finish(block, view.rows(x), block.output(_join(attended)))

    def _mix_attention(self, block: Block, x: Tensor, prompts: Tensor, weights: Tensor, view: View) -> Tensor:
        query, key, value = _project(block, x, view)
        own, own_log_sum = _attend(query, key, value, view.mask(block, x.shape[1], 0))
        prompt_key, prompt_value = _project_prompt(block, prompts)
        parts, taken = [], 0
        for scores, weight in zip(self._split(_scores(query, prompt_key)), weights, strict=True):
            if scores.shape[-1] > 0:
                share = weight * torch.sigmoid(scores.logsumexp(-1, keepdim=True) - own_log_sum)
                parts.append(share * scores.softmax(-1))
                taken = taken + share
        mixed = (1 - taken) * own + torch.cat(parts, -1) @ prompt_value
        return self._finish(block, view.rows(x), block.output(_join(mixed)))

    def _mix_blocks(self, block: Block, x: Tensor, prompts: Tensor, weights: Tensor, view: View) -> Tensor:
        query, key, value = _project(block, x, view)
        own, own_log_sum = _attend(query, key, value, view.mask(block, x.shape[1], 0))
        prompt_key, prompt_value = _project_prompt(block, prompts)
        options = []
        scores_of_option = self._split(_scores(query, prompt_key))
        for scores, values in zip(scores_of_option, self._split(prompt_value, 2), strict=True):
            if scores.shape[-1] == 0:
                options.append(_join(own))
                continue
            share = torch.sigmoid(scores.logsumexp(-1, keepdim=True) - own_log_sum)
            options.append(_join((1 - share) * own + share * (scores.softmax(-1) @ values)))
        outputs = self._finish(block, view.rows(x), block.output(torch.stack(options)))
        return torch.einsum("t,tbqd->bqd", weights, outputs)

    def _split(self, tensor: Tensor, axis: int = -1) -> tuple[Tensor, ...]:
        return tensor.split(self.work["options"], axis)

    def _finish(self, block: Block, x: Tensor, attended: Tensor) -> Tensor:
        expand, expand_bias, contract = self.feed_forward[id(block)]
        x = x + attended
        hidden = F.silu(F.linear(block.norm2(x), expand, expand_bias))
        return x + F.linear(hidden, contract, block.contract.bias)

    @torch.no_grad()
    def _advance_texts(self) -> tuple[int, Tensor]:
        """The class texts up to the longest one, through the layers that no prompt touches."""
        length = int(self.ends.max()) + 1
        ids = padded_texts(self.setting["texts"], length)
        x = self.clip.tokens[ids] + self.clip.text.positions[:length]
        first = 0
        if self.work["stage"] == "train":
            lengths = self.work["contextLengths"]["text"]
            first = next((layer for layer, length in enumerate(lengths) if length > 0), len(lengths) - 1)
        for block in self.clip.text.blocks[:first]:
            x = self._prompted_block(block, x, x.new_empty(0, x.shape[2]), View(None))
        return first, x

    def _create_prompts(self, branch: str) -> Tensor:
        shape = self.setting["architecture"][branch]
        if self.work["stage"] == "search":
            return seeded(f"{branch}.prompts", (shape["depth"], sum(self.work["options"]), shape["width"]), 0.02)
        return seeded(f"{branch}.prompts", (sum(self.work["contextLengths"][branch]), shape["width"]), 0.02)

    def _create_alpha(self, branch: str) -> Tensor:
        depth = self.setting["architecture"][branch]["depth"]
        return seeded(f"{branch}.alpha", (depth, len(self.work["options"])), 0.5)


def _fold_slope(block: Block) -> tuple[Tensor, Tensor, Tensor]:
    """x·sigmoid(1.702 x) = silu(1.702 x) / 1.702: the slope goes into the weights, one pass remains."""
    expand, contract = block.expand, block.contract
    return expand.weight * QUICK_GELU_SLOPE, expand.bias * QUICK_GELU_SLOPE, contract.weight / QUICK_GELU_SLOPE


def _project(block: Block, x: Tensor, view: View) -> tuple[Tensor, Tensor, Tensor]:
    """Queries of the wanted rows, keys and values of all, [B, H, rows, d/H] each."""
    normed = block.norm1(x)
    width = x.shape[-1]
    weight, bias = block.query_key_value.weight, block.query_key_value.bias
    if view.ends is None:
        query, key, value = F.linear(normed, weight, bias).split(width, -1)
    else:
        query = F.linear(view.rows(normed), weight[:width], bias[:width])
        key, value = F.linear(normed, weight[width:], bias[width:]).split(width, -1)
    return _split_heads(query, block.heads), _split_heads(key, block.heads), _split_heads(value, block.heads)


def _project_prompt(block: Block, prompt: Tensor) -> tuple[Tensor, Tensor]:
    """Keys and values of prompts [c, d], [1, H, c, d/H] each: one projection for the whole batch."""
    width = prompt.shape[-1]
    weight, bias = block.query_key_value.weight[width:], block.query_key_value.bias[width:]
    key, value = F.linear(block.norm1(prompt), weight, bias)[None].split(width, -1)
    return _split_heads(key, block.heads), _split_heads(value, block.heads)


def _attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """What the tokens give, and the logarithm of their summed weights."""
    scores = _scores(query, key)
    if mask is not None:
        scores = scores + mask
    return scores.softmax(-1) @ value, scores.logsumexp(-1, keepdim=True)


def _scores(query: Tensor, key: Tensor) -> Tensor:
    return (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)


def _split_heads(x: Tensor, heads: int) -> Tensor:
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def _join(heads: Tensor) -> Tensor:
    return heads.transpose(1, 2).flatten(2)

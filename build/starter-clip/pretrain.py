"""Trains the starter CLIP on a CPU within a budget of hours.  See README.md for how to run it."""

from __future__ import annotations

import argparse
import math
import random
import time
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from captions import Caption, Captioner, may_mirror
from corpus import Corpus, Pair, read_corpus
from model import MAX_LOGIT_SCALE, ModelShape, StarterClip, lower_precision_copy
from pictures import COLOURS, choose_look, compose
from tokenizer import encode, load_tokenizer, save_tokenizer, train_tokenizer

MUON_RATE = 5e-3
ADAMW_RATE = 1.5e-3
WEIGHT_DECAY = 0.1
BETAS = (0.9, 0.98)
WARM_UP_STEPS = 150
AVERAGE_DECAY = 0.997
GRADIENT_NORM = 1.0
SHORT_TEXT = 14
LONG_TEXT_EVERY = 8
KEPT_PATCHES = ((0.8, 20), (0.93, 32), (1.0, 64))
"""up to this share of the budget, so many of the 64 patches are looked at"""
COLOUR_NAMED_SHARE = 0.5
PLAIN_NAMED_SHARE = 0.05
CHECKPOINT_SECONDS = 420
LOG_STEPS = 20


class Batches:
    """Draws training batches; batch ``step`` depends on the seed and the step alone, so a resumed run goes on alike."""

    def __init__(self, corpus: Corpus, tokenizer, size: int, seed: int, context_length: int) -> None:
        self.corpus = corpus
        self.tokenizer = tokenizer
        self.size = size
        self.seed = seed
        self.context_length = context_length
        self.captioner = Captioner(corpus)
        weights = np.array([pair.weight for pair in corpus.pairs])
        self.shares = weights / weights.sum()
        self.is_mask = np.array([pair.colour is None for pair in corpus.pairs])
        self.may_mirror = np.array([may_mirror(pair) for pair in corpus.pairs])

    def draw(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures, token ids, and which texts must not count as negatives of which pictures."""
        rng = np.random.default_rng((self.seed, step))
        words = random.Random(f"{self.seed}/{step}")
        chosen = rng.choice(len(self.shares), self.size, replace=False, p=self.shares)
        is_mask = self.is_mask[chosen]
        look = choose_look(is_mask, self.may_mirror[chosen], rng)
        pixels = compose(self.corpus.rgba(chosen), is_mask, look, rng)

        pairs = [self.corpus.pairs[index] for index in chosen]
        is_long = step % LONG_TEXT_EVERY == 0
        captions = []
        for slot, pair in enumerate(pairs):
            if is_long:
                captions.append(self.captioner.long(pair, words))
                continue
            named = words.random() < (PLAIN_NAMED_SHARE if look.plain[slot] else COLOUR_NAMED_SHARE)
            ground = COLOURS[look.ground[slot]]
            ink = COLOURS[look.ink[slot]] + " " if is_mask[slot] else ""
            colours = f"{ink}{{}} on {ground}" if named else None
            captions.append(self.captioner.short(pair, colours, words))
        longest = self.context_length if is_long else SHORT_TEXT
        ids = encode(self.tokenizer, [caption.text for caption in captions], longest)
        return pixels, torch.from_numpy(ids), also_true(pairs, captions)


def also_true(pairs: list[Pair], captions: list[Caption]) -> Tensor:
    """[pictures, texts]: the text is another pair's, yet its words name this picture too."""
    columns: dict[str, list[int]] = {}
    for column, caption in enumerate(captions):
        for word in caption.words:
            columns.setdefault(word, []).append(column)
    mask = torch.zeros(len(pairs), len(pairs), dtype=torch.bool)
    for row, pair in enumerate(pairs):
        for word in pair.words & columns.keys():
            mask[row, columns[word]] = True
    return mask.fill_diagonal_(False)


def contrastive_loss(images: Tensor, texts: Tensor, scale: Tensor, ignored: Tensor) -> Tensor:
    """CLIP's symmetric cross-entropy without the pairs that are true by chance."""
    logits = (scale * images @ texts.T).masked_fill(ignored, -torch.inf)
    own = torch.arange(len(logits))
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2


class Trainer:
    """Float32 weights with their average and optimisers; the arithmetic runs on a bfloat16 copy.

    Muon updates the matrices inside the blocks, AdamW everything else. At equal steps this was well ahead of AdamW
    alone (loss 5.55 instead of 5.69 after 80 steps) and costs about 5 % of a step.
    """

    def __init__(self, shape: ModelShape, seed: int) -> None:
        torch.manual_seed(seed)
        self.shape = shape
        self.model = StarterClip(shape)
        self.average = deepcopy(self.model).requires_grad_(False)
        self.working = lower_precision_copy(self.model)
        named = list(self.model.named_parameters())
        hidden = [p for name, p in named if ".layers." in name and p.dim() == 2]
        tables = [p for name, p in named if ".layers." not in name and p.dim() > 1]
        vectors = [p for _, p in named if p.dim() <= 1]
        adamw_groups = [{"params": tables}, {"params": vectors, "weight_decay": 0.0}]
        self.optimizers = {
            "muon": torch.optim.Muon(hidden, lr=MUON_RATE, weight_decay=WEIGHT_DECAY, adjust_lr_fn="match_rms_adamw"),
            "adamw": torch.optim.AdamW(adamw_groups, lr=ADAMW_RATE, betas=BETAS, weight_decay=WEIGHT_DECAY, fused=True),
        }
        self.step = 0
        self.pairs_seen = 0
        self.seconds = 0.0

    def train_step(self, batches: Batches, progress: float) -> float:
        """One update at ``progress`` (0 to 1) of the budget; returns the loss."""
        pixels, ids, ignored = batches.draw(self.step)
        loss = contrastive_loss(
            self.working.image_features(pixels, self._kept_patches(len(pixels), progress)),
            self.working.text_features(ids),
            self.working.logit_scale.exp(),
            ignored,
        )
        loss.backward()
        self._update(progress)
        self.step += 1
        self.pairs_seen += len(pixels)
        return loss.item()

    def _kept_patches(self, size: int, progress: float) -> Tensor | None:
        count = next(count for end, count in KEPT_PATCHES if progress <= end)
        if count == self.shape.patches:
            return None
        return torch.rand(size, self.shape.patches).topk(count, sorted=False).indices

    @torch.no_grad()
    def _update(self, progress: float) -> None:
        for master, copy in zip(self.model.parameters(), self.working.parameters(), strict=True):
            master.grad = copy.grad.float()
            copy.grad = None
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), GRADIENT_NORM)
        share = min(1, (self.step + 1) / WARM_UP_STEPS) * (1 + math.cos(math.pi * progress)) / 2
        for name, peak in (("muon", MUON_RATE), ("adamw", ADAMW_RATE)):
            for group in self.optimizers[name].param_groups:
                group["lr"] = peak * share
            self.optimizers[name].step()
        self.model.logit_scale.clamp_(max=math.log(MAX_LOGIT_SCALE))
        decay = min(AVERAGE_DECAY, (1 + self.step) / (10 + self.step))
        self._copy_to_working()
        torch._foreach_lerp_(list(self.average.parameters()), list(self.model.parameters()), 1 - decay)

    @torch.no_grad()
    def _copy_to_working(self) -> None:
        for master, copy in zip(self.model.parameters(), self.working.parameters(), strict=True):
            copy.copy_(master)

    def save(self, path: Path) -> None:
        """Write everything a resumed run or an export needs."""
        state = {
            "shape": asdict(self.shape),
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()},
            "step": self.step,
            "pairs_seen": self.pairs_seen,
            "seconds": self.seconds,
        }
        partial = path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint."""
        state = torch.load(path, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        self.step, self.pairs_seen, self.seconds = state["step"], state["pairs_seen"], state["seconds"]
        self._copy_to_working()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder of the packed corpus, or its .tar.xz")
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint and the tokenizer")
    parser.add_argument("--tokenizer", type=Path, help="folder of the vocabulary to keep; learnt anew where not given")
    parser.add_argument("--hours", type=float, default=1.4, help="time budget; the schedule runs over it")
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    shape = ModelShape()
    corpus = read_corpus(arguments.corpus)
    known = arguments.out if arguments.resume else arguments.tokenizer
    if known:
        tokenizer = load_tokenizer(known)
    else:
        texts = [word for pair in corpus.pairs for word in (*pair.captions, *pair.tags, *pair.groups)]
        tokenizer = train_tokenizer(texts, shape.vocab_size)
    arguments.out.mkdir(parents=True, exist_ok=True)
    save_tokenizer(tokenizer, arguments.out, shape.context_length)

    trainer = Trainer(shape, arguments.seed)
    checkpoint = arguments.out / "checkpoint.pt"
    if arguments.resume:
        trainer.load(checkpoint)
    batches = Batches(corpus, tokenizer, arguments.batch, arguments.seed, shape.context_length)
    parameters = sum(p.numel() for p in trainer.model.parameters())
    print(f"{len(corpus.pairs)} pairs, {parameters} parameters, from step {trainer.step}", flush=True)

    budget = arguments.hours * 3600
    saved = trainer.seconds
    losses: list[float] = []
    while trainer.seconds < budget:
        start = time.monotonic()
        losses.append(trainer.train_step(batches, trainer.seconds / budget))
        trainer.seconds += time.monotonic() - start
        if trainer.step % LOG_STEPS == 0:
            rate = arguments.batch / (time.monotonic() - start)
            scale = trainer.model.logit_scale.exp().item()
            print(
                f"step {trainer.step} of {trainer.seconds / budget:.1%}: loss {sum(losses) / len(losses):.3f}, "
                f"scale {scale:.1f}, {rate:.0f} pairs/s, {trainer.pairs_seen} seen",
                flush=True,
            )
            losses.clear()
        if trainer.seconds - saved > CHECKPOINT_SECONDS:
            saved = trainer.seconds
            trainer.save(checkpoint)
    trainer.save(checkpoint)


if __name__ == "__main__":
    main()

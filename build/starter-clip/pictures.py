"""Turns drawings with alpha into training pictures: colours, grounds, small moves, shading; all on whole batches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)

PALETTE = {
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "gray": (128, 128, 128),
    "red": (220, 40, 40),
    "orange": (245, 140, 30),
    "yellow": (250, 215, 50),
    "green": (50, 160, 70),
    "teal": (30, 160, 160),
    "blue": (45, 100, 220),
    "purple": (130, 70, 190),
    "pink": (245, 130, 180),
    "brown": (130, 85, 50),
}
COLOURS = list(PALETTE)
BLACK, WHITE = COLOURS.index("black"), COLOURS.index("white")

PLAIN_SHARE = 0.55  # one-colour drawings left black on white
INVERSE_SHARE = 0.10  # one-colour drawings in white on black
WHITE_GROUND_SHARE = 0.75  # drawings in colour on white
NOISE_SHARE = 0.12
MIRROR_SHARE = 0.4


@dataclass
class Look:
    """What is chosen for each picture of a batch, so that the captions can name it."""

    ink: np.ndarray
    """palette index of the ink; only used for masks"""
    ground: np.ndarray
    plain: np.ndarray
    """the usual look (black or its own colours, on white), whose colours are seldom named"""
    mirrored: np.ndarray


def choose_look(is_mask: np.ndarray, may_mirror: np.ndarray, rng: np.random.Generator) -> Look:
    """Draw ink, ground and mirroring for a batch."""
    size = len(is_mask)
    ground = rng.integers(len(COLOURS), size=size)
    ink = (ground + rng.integers(1, len(COLOURS), size=size)) % len(COLOURS)
    share = rng.random(size)
    plain = share < np.where(is_mask, PLAIN_SHARE, WHITE_GROUND_SHARE)
    inverse = is_mask & ~plain & (share < PLAIN_SHARE + INVERSE_SHARE)
    ink[plain], ground[plain] = BLACK, WHITE
    ink[inverse], ground[inverse] = WHITE, BLACK
    return Look(ink, ground, plain, may_mirror & (rng.random(size) < MIRROR_SHARE))


def compose(rgba: np.ndarray, is_mask: np.ndarray, look: Look, rng: np.random.Generator) -> Tensor:
    """Normalised pictures [B, 3, 64, 64] from drawings [B, 64, 64, 4]."""
    generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
    size = len(rgba)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return torch.rand(size, *shape, generator=generator) * (high - low) + low

    palette = torch.tensor(list(PALETTE.values()), dtype=torch.float32) / 255
    jitter = uniform(-0.08, 0.08, 3) * torch.from_numpy(~look.plain)[:, None]
    ink = (palette[look.ink] + jitter).clamp(0, 1)
    ground = (palette[look.ground] - jitter).clamp(0, 1)

    drawing = torch.from_numpy(rgba).permute(0, 3, 1, 2).float() / 255
    masks = torch.from_numpy(is_mask)
    drawing[masks, :3] = ink[masks][:, :, None, None]
    drawing[:, :3] *= drawing[:, 3:]
    drawing = _move(drawing, torch.from_numpy(look.mirrored), uniform)
    colour, alpha = drawing[:, :3], drawing[:, 3:]

    ramp = torch.linspace(-1, 1, rgba.shape[1])
    strength = 0.35 * uniform(-1, 1, 2) ** 3
    shade = 1 + strength[:, :1, None] * ramp[None, None, :] + strength[:, 1:, None] * ramp[None, :, None]
    colour = (colour * shade[:, None] * uniform(0.85, 1.1, 1, 1, 1)).clamp(0, 1)

    picture = colour + (1 - alpha) * ground[:, :, None, None]
    noisy = torch.rand(size, generator=generator) < NOISE_SHARE
    picture[noisy] += (1 - alpha[noisy]) * _noise(int(noisy.sum()), picture.shape[-1], generator)
    mean, std = (torch.tensor(values)[:, None, None] for values in (MEAN, STD))
    return (picture.clamp(0, 1) - mean) / std


def _move(drawing: Tensor, mirrored: Tensor, uniform) -> Tensor:
    """Small rotation, scaling, stretching and shift; mirrors where asked."""
    angle = uniform(-0.2, 0.2) * uniform(0, 1)
    scale = uniform(0.95, 1.3)
    stretch = uniform(0.92, 1.08)
    flip = torch.where(mirrored, -1.0, 1.0)
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    shift = uniform(-1, 1, 2) * 0.12
    rows = [cos * stretch * flip, -sin, shift[:, 0], sin * stretch * flip, cos / stretch, shift[:, 1]]
    affine = torch.stack(rows, 1).view(-1, 2, 3)
    grid = F.affine_grid(affine, list(drawing.shape), align_corners=False)
    return F.grid_sample(drawing, grid, padding_mode="zeros", align_corners=False)


def _noise(count: int, side: int, generator: torch.Generator) -> Tensor:
    """A photograph-like ground: soft blotches and a little grain."""
    blotches = torch.randn(count, 3, 5, 5, generator=generator) * 0.25
    grain = torch.randn(count, 3, side, side, generator=generator) * 0.04
    return F.interpolate(blotches, size=(side, side), mode="bilinear", align_corners=False) + grain

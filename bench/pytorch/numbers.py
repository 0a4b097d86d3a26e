"""Numbers that both programs make for themselves out of a name; the twin of seeded-numbers.ts."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor


def seeded(name: str, shape: tuple[int, ...], std: float) -> Tensor:
    """Uniform with mean 0 and standard deviation ``std``: a hash of name and position."""
    numbers = np.empty(math.prod(shape), dtype=np.float32)
    chunk = 1 << 22
    for start in range(0, len(numbers), chunk):
        position = np.arange(start, min(start + chunk, len(numbers)), dtype=np.uint32)
        value = position * np.uint32(0x9E3779B1) + np.uint32(_hash_name(name))
        value = (value ^ (value >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        value = (value ^ (value >> np.uint32(13))) * np.uint32(0xC2B2AE35)
        value ^= value >> np.uint32(16)
        numbers[start : start + chunk] = (value / 2**32 - 0.5) * (std * math.sqrt(12))
    return torch.from_numpy(numbers).view(shape)


def seeded_matrix(name: str, inputs: int, outputs: int) -> Tensor:
    """[inputs, outputs], keeping the size of what passes through."""
    return seeded(name, (inputs, outputs), 1 / math.sqrt(inputs))


def fingerprint(name: str, tensor: Tensor) -> dict[str, float]:
    """What is left of a tensor for comparison: its length and its extent along one random direction."""
    numbers = tensor.detach().double().flatten()
    direction = seeded(f"direction.{name}", (len(numbers),), 1).double()
    return {"norm": float(numbers.norm()), "projection": float(numbers @ direction)}


def _hash_name(name: str) -> int:
    """FNV-1a."""
    value = 0x811C9DC5
    for byte in name.encode("ascii"):
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value

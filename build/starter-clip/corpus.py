"""The packed corpus: 64x64 drawings, one-colour ones as 4-bit masks, the others as WebP with alpha."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 64
MASK_BYTES = SIDE * SIDE // 2
FILES = ("pairs.json", "mono4.bin", "rgba.webp.bin")
FLAG_SETS = {"flag", "circle-flags", "flagpack", "cif"}
GROUP_SYNONYMS = {"cooked food": "prepared food"}
"""Unicode names this emoji group "food-prepared"; the corpus says "cooked food"."""


@dataclass
class Pair:
    """One drawing and its words."""

    kind: str
    """icon, emoji or clipart"""
    set: str
    licence: str
    styles: list[str]
    captions: list[str]
    tags: list[str]
    groups: list[str]
    """what sort of thing it is ("mammal", "animal")"""
    mask: int | None
    """index among the masks; None for a drawing in colour"""
    colour: int | None
    """index among the colour drawings"""
    words: set[str] = field(init=False)
    """every text that names this drawing"""

    def __post_init__(self) -> None:
        self.words = {*self.captions, *self.tags, *self.groups}

    @property
    def weight(self) -> float:
        """How often it is drawn: what is in colour, or an emoji, is rare in the corpus and common in use."""
        if self.set in FLAG_SETS:
            return 0.5
        usual = {"icon": 1.0 if self.colour is None else 3.0, "emoji": 4.0, "clipart": 3.0}[self.kind]
        return usual * (1.5 if self.groups else 1.0)


@dataclass
class Corpus:
    """All pairs and pictures, in memory."""

    pairs: list[Pair]
    masks: np.ndarray
    """[N, 2048] uint8, two 4-bit values a byte, ink = 15"""
    colours: np.ndarray
    """[M, 64, 64, 4] uint8 RGBA"""

    def rgba(self, indices: np.ndarray) -> np.ndarray:
        """Pictures [B, 64, 64, 4] uint8; a mask comes as black ink with its alpha."""
        out = np.zeros((len(indices), SIDE, SIDE, 4), np.uint8)
        for slot, index in enumerate(indices):
            pair = self.pairs[index]
            if pair.mask is None:
                out[slot] = self.colours[pair.colour]
            else:
                packed = self.masks[pair.mask]
                out[slot, ..., 3] = np.stack([packed >> 4, packed & 15], 1).reshape(SIDE, SIDE) * 17
        return out


def read_corpus(source: Path) -> Corpus:
    """Read the corpus from its folder or from the packed .tar.xz."""
    if source.is_dir():
        content = {name: (source / name).read_bytes() for name in FILES}
    else:
        content = {}
        with tarfile.open(source) as archive:
            for member in archive:
                name = Path(member.name).name
                if name in FILES:
                    content[name] = archive.extractfile(member).read()
    pairs, colours = [], []
    for row in json.loads(content["pairs.json"]):
        groups = row["kinds"] + [GROUP_SYNONYMS[kind] for kind in row["kinds"] if kind in GROUP_SYNONYMS]
        colour = None
        if "webp" in row:
            offset, length = row["webp"]
            colour = len(colours)
            picture = Image.open(io.BytesIO(content["rgba.webp.bin"][offset : offset + length]))
            colours.append(np.asarray(picture.convert("RGBA")))
        pairs.append(
            Pair(
                kind=row["kind"],
                set=row["set"],
                licence=row["licence"],
                styles=row["style"],
                captions=row["captions"],
                tags=row["tags"],
                groups=groups,
                mask=row.get("mono"),
                colour=colour,
            )
        )
    masks = np.frombuffer(content["mono4.bin"], np.uint8).reshape(-1, MASK_BYTES)
    return Corpus(pairs, masks, np.stack(colours))

"""Draws one caption for a drawing from its names, tags and groups, and says which words it asserts."""

from __future__ import annotations

import random
from dataclasses import dataclass

from corpus import Corpus, Pair

DEFAULT_TEMPLATE = "a photo of a {}."
TEMPLATES = {
    "any": ["{}", "a {}", "a picture of a {}.", "an image of a {}.", "a drawing of a {}.", "a photo of the {}."],
    "icon": ["an icon of a {}.", "a {} icon"],
    "emoji": ["an emoji of a {}.", "a {} emoji"],
    "clipart": ["clip art of a {}.", "a cartoon of a {}."],
}
DIRECTIONS = {"left", "right", "east", "west", "back", "forward", "next", "previous", "clockwise", "counterclockwise"}

DEFAULT_SHARE = 0.4
TAG_SHARE = 0.15
GROUP_SHARE = {"icon": 0.15, "emoji": 0.4, "clipart": 0.25}
EITHER_SHARE_GROUP = 0.3  # "a mammal or bird": a class may be named as either of two things
EITHER_SHARE_NAME = 0.05


@dataclass
class Caption:
    """A text and the words it asserts; a drawing with any of these words is no negative for it."""

    text: str
    words: tuple[str, ...]


def may_mirror(pair: Pair) -> bool:
    """Whether mirroring keeps the name true (no directions, letters or digits)."""
    words = {word for caption in pair.captions for word in caption.split()}
    return not (words & DIRECTIONS or any(len(word) == 1 or word.isdigit() for word in words))


class Captioner:
    """Composes captions; other words for "this or that" come from the same corpus."""

    def __init__(self, corpus: Corpus) -> None:
        named = [pair for pair in corpus.pairs if pair.kind == "emoji"]
        self.groups = [group for pair in named for group in pair.groups]
        self.names = [pair.captions[0] for pair in named]

    def _subject(self, pair: Pair, rng: random.Random) -> str:
        """The name, a tag or a group of the drawing."""
        share = rng.random()
        if pair.groups and share < GROUP_SHARE[pair.kind]:
            return rng.choice(pair.groups)
        if pair.tags and share > 1 - TAG_SHARE:
            return rng.choice(pair.tags)
        return rng.choice(pair.captions)

    def short(self, pair: Pair, colours: str | None, rng: random.Random) -> Caption:
        """A caption of one subject; ``colours`` is "red {} on blue" where the colours are to be named."""
        subject = self._subject(pair, rng)
        words = (subject,)
        is_group = subject in pair.groups
        if rng.random() < (EITHER_SHARE_GROUP if is_group else EITHER_SHARE_NAME):
            other = rng.choice(self.groups if is_group else self.names)
            if other != subject and " or " not in subject + other:
                words = (subject, other)
                subject = " or ".join(rng.sample(words, 2))
        if colours:
            return Caption("a " + colours.format(rng.choice(["{}", "icon of a {}"]).format(subject)), words)
        share = rng.random()
        if share < DEFAULT_SHARE:
            return Caption(DEFAULT_TEMPLATE.format(subject), words)
        if share < DEFAULT_SHARE + 0.08 and pair.groups and not is_group:
            group = rng.choice(pair.groups)
            return Caption(f"a photo of a {subject}, a type of {group}.", words)
        if share < DEFAULT_SHARE + 0.2 and pair.styles and pair.kind == "icon":
            return Caption(f"a {rng.choice(pair.styles)} icon of a {subject}", words)
        return Caption(rng.choice(TEMPLATES["any"] + TEMPLATES[pair.kind]).format(subject), words)

    def long(self, pair: Pair, rng: random.Random) -> Caption:
        """The name with many of its tags and groups, so that late positions are learnt too."""
        name = rng.choice(pair.captions)
        others = [word for word in pair.tags + pair.groups if word != name]
        extra = rng.sample(others, min(len(others), rng.randint(1, 8)))
        lead = rng.choice(["{}", DEFAULT_TEMPLATE[:-1], "a drawing of a {}"]).format(name)
        return Caption(", ".join([lead, *extra]), (name,))

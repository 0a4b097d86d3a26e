"""The starter model's vocabulary: CLIP's byte-level BPE, learnt on the corpus's own words.

Ids follow CLIP's order: 256 byte symbols, the same with the end-of-word mark, the merges, start of text, end of text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

START = "<|startoftext|>"
END = "<|endoftext|>"
END_OF_WORD = "</w>"
WORDS = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def _assemble(model: models.BPE) -> Tokenizer:
    """CLIP's cleaning and splitting around a BPE model."""
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _byte_symbols() -> list[str]:
    """The 256 printable stand-ins for bytes, in CLIP's order."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return [chr(byte) for byte in printable] + [chr(256 + i) for i in range(256 - len(printable))]


def train_tokenizer(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """Learn merges on ``texts`` and lay the vocabulary out as CLIP does.

    Among equally frequent pairs the trainer's order is random, so two runs differ in a few pieces.
    """
    draft = _assemble(models.BPE(end_of_word_suffix=END_OF_WORD))
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size + 512,
        min_frequency=2,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        end_of_word_suffix=END_OF_WORD,
        show_progress=False,
    )
    draft.train_from_iterator(texts, trainer)
    learnt = [tuple(pair) for pair in json.loads(draft.to_str())["model"]["merges"]]

    symbols = _byte_symbols()
    pieces = symbols + [symbol + END_OF_WORD for symbol in symbols]
    known = set(pieces)
    merges: list[tuple[str, str]] = []
    for left, right in learnt:
        if len(pieces) == vocab_size - 2:
            break
        if left + right not in known:
            known.add(left + right)
            pieces.append(left + right)
            merges.append((left, right))
    if len(pieces) != vocab_size - 2:
        raise ValueError(f"the corpus yields only {len(pieces)} pieces, {vocab_size - 2} are needed")
    vocab = {piece: index for index, piece in enumerate([*pieces, START, END])}

    tokenizer = _assemble(
        models.BPE(
            vocab=vocab,
            merges=merges,
            continuing_subword_prefix="",
            end_of_word_suffix=END_OF_WORD,
            unk_token=END,
        )
    )
    tokenizer.add_special_tokens([START, END])
    tokenizer.post_processor = processors.RobertaProcessing(
        (END, vocab[END]), (START, vocab[START]), trim_offsets=False, add_prefix_space=False
    )
    return tokenizer


def encode(tokenizer: Tokenizer, texts: list[str], longest: int) -> np.ndarray:
    """Ids [texts, width], cut to ``longest`` with the end of text kept, padded with the end of text."""
    tokenizer.enable_truncation(longest)
    rows = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
    ids = np.full((len(rows), max(map(len, rows))), tokenizer.token_to_id(END), np.int64)
    for row, target in zip(rows, ids, strict=True):
        target[: len(row)] = row
    return ids


def save_tokenizer(tokenizer: Tokenizer, folder: Path, context_length: int) -> None:
    """Write tokenizer.json, vocab.json, merges.txt and the two configuration files transformers reads."""
    tokenizer.no_truncation()
    tokenizer.save(str(folder / "tokenizer.json"))
    model = json.loads(tokenizer.to_str())["model"]
    write_json(folder / "vocab.json", model["vocab"])
    lines = ["#version: 0.2", *(" ".join(pair) for pair in model["merges"])]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    special = {"bos_token": START, "eos_token": END, "pad_token": END, "unk_token": END}
    write_json(folder / "special_tokens_map.json", special)
    settings = {"tokenizer_class": "CLIPTokenizer", "do_lower_case": True, "model_max_length": context_length}
    write_json(folder / "tokenizer_config.json", settings | special)


def load_tokenizer(folder: Path) -> Tokenizer:
    """Read what ``save_tokenizer`` wrote."""
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def write_json(path: Path, value: object) -> None:
    """Write ``value`` as indented JSON."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")

"""Writes tests/fixtures/tokens.json: texts with the ids of open_clip's tokenizer, which is OpenAI's, and of transformers.

    python tests/parity/record/tokens.py

Needs open_clip_torch (with ftfy) and transformers. The vocabulary is the one in resources/clip-vocabulary.
"""

from __future__ import annotations

import gzip
import json
import random
import tempfile
from pathlib import Path

import torch

torch.library.register_fake = lambda *_, **__: lambda function: function  # torchvision may be built for another torch
from open_clip.tokenizer import SimpleTokenizer  # noqa: E402
from transformers import CLIPTokenizer  # noqa: E402

ROOT = Path(__file__).parents[3]
TARGET = ROOT / "tests" / "fixtures" / "tokens.json"

NAMES = """american_pit_bull_terrier|Abyssinian|Boeing 737-200|F-16A/B|2012 Tesla Model S|1994 Audi V8 Sedan|king's crown
bird of paradise|black-eyed susan|sword lily|pink-yellow dahlia|crème brûlée|macarons|pho|bibimbap|Müller's pony|jalapeño
Annual Crop Land|Sea or Lake|Handstand Walking|Playing Daf|Yo-Yo|CD player|T-shirt|jack-o'-lantern|water bottle (2 l)
apple pie à la mode|smørrebrød|naïve café|Ærøskøbing|Łódź|Đà Nẵng|Ünal İstanbul|ΟΔΥΣΣΕΥΣ|Санкт-Петербург|שָׁלוֹם|مرحبا|नमस्ते
日本の城|寿司と刺身|东京塔|한국어 김치|ไทย|ກ|ქართული|Straße ß ẞ|ﬁsh ﬂower|Ｆｕｌｌ　Ｗｉｄｔｈ|½ cup|x² + y³|№ 5|™ © ®|50% off|$9.99|€20|£3|₿1""".replace("\n", "|").split("|")
ODDITIES = [
    "", " ", "a", ".", "...", "!?!?", "'", "''", "'s", "it's", "don't", "I'll we've they're I'd I'm", "IT'S DON'T", "rock 'n' roll",
    "’s", "it’s a “test” ‘quote’", "ʼn", "ŉ", "a\nb", "a\r\nb\tc", "  two   spaces  ", "non\u00a0breaking", "zero\u200bwidth", "soft\u00adhyphen",
    "\ufeffbom", "bell\u0007", "nul\u0000nul", "em—dash – en", "ellipsis…", "dot·dot", "snake_case_name", "CamelCaseName", "kebab-case", "a/b\\c",
    "e\u0301 vs é", "n\u0303", "a\u0301\u0323", "🐈", "🐈‍⬛ cat", "👩‍👩‍👧‍👦 family", "🇩🇪 flag", "👍🏽", "❤️", "☃ ♥ ★", "(╯°□°)╯", "1234567890", "3.14159", "0x1F", "10:30",
    "h4x0r", "a1b2", "covid19", "http://example.com/a?b=c&d=e", "user@example.com", "#hashtag", "C++", "C#", ".NET", "<b>bold</b>", "a<b>c", "{}", "[1,2]",
    "&amp;", "&amp;amp;", "Tom &amp; Jerry", "&lt;div&gt;", "caf&eacute;", "&quot;x&quot;", "&#39;s", "it&#39;s", "&#x1F408;", "&#8217;", "&copy; 2020", "AT&T", "a &b; c",
    "&eacute without", "&notit;", "&nbsp;x", "&hellip;", "&#0;", "&#128;", "fish &amp;lt; chips", "R&B &amp R", "<|startoftext|>", "a <|endoftext|> b", "<|ENDOFTEXT|>",
    "\u2028line", "\u3000wide", "half ｶﾀｶﾅ", "ＡＢＣ１２３", "Ⅷ Ⅻ", "①②", "ǅ ǆ Ǉ", "ſ long s", "K kelvin Å", "ΐ ΰ", "ὈΔΥΣΣΕΎΣ", "ᾳ", "İ i̇ ı I",
    "pneumonoultramicroscopicsilicovolcanoconiosis", "aaaaaaaaaaaaaaaaaaaaaaaa", "antidisestablishmentarianism", "zzz qqq xxq", "\x1b[31mred\x1b[0m", "tab\x0bvt\x0cff",
    "cafÃ©", "â€œquotedâ€\x9d", "ï»¿x", "schÃ¶n", "\u0300leading mark", "٣٤٥", "१२३", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "𝟙𝟚", "a\u2060b", "word\u2019s", "ʻokina", "ʹprime", "`back`", "´acute", "~tilde^",
]
TEMPLATES = ["a photo of a {}.", "a type of pet, a photo of a {}", "itap of the {}.", "a {} in a video game.", "A Photo Of The Large {}!"]
VECTORS = ["a photo of a", "beagle.", "itap of the beagle.", "a type of pet, a photo of a"]


def texts() -> list[str]:
    rng = random.Random(4)
    filled = [template.replace("{}", name.replace("_", " ")) for name in NAMES for template in rng.sample(TEMPLATES, 2)]
    alphabet = "abcdefgh ABC 0123 ''..,,--é世🐈&;#xß\u0301’"
    jumbled = ["".join(rng.choice(alphabet) for _ in range(rng.randint(1, 24))) for _ in range(60)]
    return VECTORS + NAMES + ODDITIES + filled + jumbled


def transformers_tokenizer() -> CLIPTokenizer:
    from open_clip.tokenizer import bytes_to_unicode

    merges = gzip.open(ROOT / "resources" / "clip-vocabulary" / "merges.txt.gz").read().decode().split("\n")[1:-1]
    symbols = list(bytes_to_unicode().values())
    tokens = symbols + [symbol + "</w>" for symbol in symbols] + [merge.replace(" ", "") for merge in merges]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "vocab.json").write_text(json.dumps({token: id for id, token in enumerate(tokens)}))
        Path(folder, "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n")
        return CLIPTokenizer.from_pretrained(folder)


def main() -> None:
    simple, theirs = SimpleTokenizer(), transformers_tokenizer()
    start, end = simple.sot_token_id, simple.eot_token_id
    rows = []
    for text in texts():
        row = {"text": text, "openai": [start, *simple.encode(text), end]}
        ids = theirs(text).input_ids
        if ids != row["openai"]:
            row["transformers"] = ids
        rows.append(row)
    differing = sum("transformers" in row for row in rows)
    TARGET.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
    print(f"{len(rows)} texts, transformers differs in {differing}")


if __name__ == "__main__":
    main()

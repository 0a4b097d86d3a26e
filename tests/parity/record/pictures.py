"""Writes tests/fixtures/pictures: small pictures of every kind, what Pillow decodes them to, and what it resizes them to.

    python tests/parity/record/pictures.py

Needs Pillow, numpy, torch, torchvision and transformers. decoded.json holds the upright RGB bytes of every picture (zlib,
base64), resized.json those of resized parts of one picture, views.json what the steps of OpenAI CLIP
and the two CLIP processors of transformers make of some pictures.
"""

from __future__ import annotations

import base64
import json
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageCms, ImageOps

torch.library.register_fake = lambda *_, **__: lambda function: function  # torchvision may be built for another torch
import PIL  # noqa: E402
import transformers  # noqa: E402
from torchvision import transforms  # noqa: E402
from transformers.models.clip.image_processing_clip import CLIPImageProcessor  # noqa: E402
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil  # noqa: E402

TARGET = Path(__file__).parents[2] / "fixtures" / "pictures"
FILTERS = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}
RESIZED = [  # box (left, top, width, height), size
    ((0, 0, 61, 47), (24, 24)),
    ((0, 0, 61, 47), (29, 22)),
    ((0, 0, 61, 47), (90, 70)),
    ((0, 0, 61, 47), (61, 47)),
    ((0, 0, 61, 47), (61, 20)),
    ((0, 0, 61, 47), (20, 47)),
    ((0, 0, 61, 47), (1, 1)),
    ((5, 7, 40, 33), (24, 24)),
    ((60, 46, 1, 1), (24, 24)),
    ((13, 0, 9, 47), (24, 24)),
    ((30, 20, 7, 5), (24, 24)),
]
VIEWS = [("rgb-420.jpg", 16), ("tall.png", 16), ("wide.png", 16), ("small.png", 24), ("rgb.png", 15), ("rgb.png", 12)]


def packed(image: Image.Image) -> str:
    return base64.b64encode(zlib.compress(np.asarray(image).tobytes(), 9)).decode()


def painting(width: int, height: int, seed: int) -> Image.Image:
    """Smooth colours with edges and noise: all that decoders and filters treat differently."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / 7 + k) + np.cos(y / 5 - k) for k in range(3)]
    colours = np.stack(waves, 2) * 60 + 128 + rng.normal(0, 12, (height, width, 3))
    colours[(x // 9 + y // 11) % 5 == 0] = (250, 4, 30)
    return Image.fromarray(colours.clip(0, 255).astype(np.uint8))


def write_deep_png(path: Path, pixels: np.ndarray) -> None:
    """A PNG of 16 bits per colour, which Pillow reads but does not write."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    chunks = [struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


def write_pictures() -> None:
    rgb, tall, wide = painting(61, 47, 1), painting(30, 71, 2), painting(83, 31, 3)
    alpha = Image.fromarray((np.mgrid[0:47, 0:61][1] * 4).astype(np.uint8))
    rgba = rgb.copy()
    rgba.putalpha(alpha)
    grey = rgb.convert("L")
    rgb.save(TARGET / "rgb.png")
    tall.save(TARGET / "tall.png")
    wide.save(TARGET / "wide.png")
    painting(9, 7, 4).save(TARGET / "small.png")
    rgba.save(TARGET / "rgba.png")
    grey.save(TARGET / "grey.png")
    Image.merge("LA", (grey, alpha)).save(TARGET / "grey-alpha.png")
    rgb.convert("1").save(TARGET / "bilevel.png")
    rgb.quantize(40).save(TARGET / "palette.png")
    rgb.quantize(40).save(TARGET / "palette-transparent.png", transparency=3)
    deep = np.asarray(grey).astype(np.uint16) * 251 + 90
    Image.fromarray(deep).save(TARGET / "grey-16.png")
    write_deep_png(TARGET / "rgb-16.png", np.asarray(rgb).astype(np.uint16) * 251 + 90)
    rgb.save(TARGET / "rgb-444.jpg", quality=90, subsampling=0)
    rgb.save(TARGET / "rgb-420.jpg", quality=85, subsampling=2)
    rgb.save(TARGET / "rgb-progressive.jpg", quality=80, progressive=True)
    rgb.save(TARGET / "rgb-low.jpg", quality=20, subsampling=1)
    rgb.save(TARGET / "profile.jpg", quality=90, icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes())
    grey.save(TARGET / "grey.jpg", quality=90)
    rgb.convert("CMYK").save(TARGET / "cmyk.jpg", quality=95)
    rgb.save(TARGET / "lossy.webp", quality=80)
    rgba.save(TARGET / "lossless.webp", lossless=True, exact=True)
    rgb.save(TARGET / "rgb.gif")
    rgb.save(TARGET / "rgb.tif", compression="tiff_lzw")
    for orientation in range(2, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        rgb.resize((31, 24)).save(TARGET / f"orientation-{orientation}.jpg", quality=92, exif=exif)
    (TARGET / "truncated.jpg").write_bytes((TARGET / "rgb-420.jpg").read_bytes()[:900])
    (TARGET / "truncated.png").write_bytes((TARGET / "rgb.png").read_bytes()[:4000])


def openai_preprocessing(side: int) -> transforms.Compose:
    """The steps of OpenAI CLIP and open_clip."""
    return transforms.Compose(
        [
            transforms.Resize(side, interpolation=transforms.InterpolationMode.BICUBIC),
            transforms.CenterCrop(side),
            transforms.ToTensor(),
            transforms.Normalize((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
        ]
    )


def main() -> None:
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    write_pictures()
    decoded = {}
    for path in sorted(TARGET.glob("*")):
        if path.stem != "truncated":
            image = ImageOps.exif_transpose(Image.open(path))
            # Pillow turns every 16-bit grey above 255 into white; we keep the picture.
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)) if image.mode == "I;16" else image
            image = image.convert("RGB")
            decoded[path.name] = {"width": image.width, "height": image.height, "rgb": packed(image)}
    resized = []
    source = Image.open(TARGET / "rgb.png")
    for name, kind in FILTERS.items():
        for (left, top, width, height), size in RESIZED:
            part = source.crop((left, top, left + width, top + height)).resize(size, kind)
            box = {"left": left, "top": top, "width": width, "height": height}
            resized.append({"interpolation": name, "box": box, "width": size[0], "height": size[1], "rgb": packed(part)})
    views = []
    for name, side in VIEWS:
        image = ImageOps.exif_transpose(Image.open(TARGET / name)).convert("RGB")
        settings = {"size": {"shortest_edge": side}, "crop_size": {"height": side, "width": side}}
        kinds = {
            "clip": openai_preprocessing(side),
            "transformersPil": lambda image: CLIPImageProcessorPil(**settings)(image, return_tensors="pt").pixel_values[0],
            "transformersTorchvision": lambda image: CLIPImageProcessor(**settings)(image, return_tensors="pt").pixel_values[0],
        }
        view = {"file": name, "side": side}
        for kind, process in kinds.items():
            pixels = process(image).permute(1, 2, 0).contiguous()
            view[kind] = base64.b64encode(zlib.compress(pixels.numpy().astype("<f4").tobytes(), 9)).decode()
        views.append(view)
    versions = {"pillow": PIL.__version__, "transformers": transformers.__version__}
    for name, content in (("decoded", decoded), ("resized", resized), ("views", views)):
        (TARGET / f"{name}.json").write_text(json.dumps({"versions": versions, name: content}) + "\n")
    print(sum(path.stat().st_size for path in TARGET.glob("*")), "bytes")


if __name__ == "__main__":
    main()

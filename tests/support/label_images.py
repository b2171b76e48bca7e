"""Pixels of labels, and what a decoder reads in them."""

import base64
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pypdfium2
import zxingcpp
from PIL import Image, ImageDraw

from shared.scans import Scan, classify

ROOT = Path(__file__).parents[2]
ZPL = Path(__file__).parent / "zpl"
RENDERER = ROOT / "build" / "zpl-renderer"
PIXELS_PER_MM = 16
"""A module is a whole number of pixels."""
SYMBOLOGIES = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.Code128, zxingcpp.BarcodeFormat.DataMatrix])
_SVG = "{http://www.w3.org/2000/svg}"
_BAR = re.compile(r"M([\d.]+) ([\d.]+)h([\d.]+)v([\d.]+)h-[\d.]+z")


def read_image(image: Image.Image) -> list[Scan]:
    """Decode all symbols of an image, as a scanner sends them."""
    found = zxingcpp.read_barcodes(image.convert("L"), SYMBOLOGIES)
    return [classify(result.symbology_identifier + result.bytes.decode("ascii")) for result in found]


def draw_svg_image(svg: str) -> Image.Image:
    """Draw the bars of an SVG label."""
    root = ET.fromstring(svg)  # noqa: S314 - written by the code under test
    _, _, width, height = (int(part) * PIXELS_PER_MM for part in root.attrib["viewBox"].split())
    image = Image.new("L", (width, height), 255)
    draw = ImageDraw.Draw(image)
    bars = root.find(f"{_SVG}path")
    assert bars is not None
    for bar in _BAR.findall(bars.attrib["d"]):
        x, y, across, down = (float(number) * PIXELS_PER_MM for number in bar)
        draw.rectangle((round(x), round(y), round(x + across) - 1, round(y + down) - 1), fill=0)
    return image


def draw_pdf_images(pdf: bytes) -> list[Image.Image]:
    """Draw the pages of a PDF document, in grey."""
    return [
        page.render(scale=PIXELS_PER_MM * 25.4 / 72, grayscale=True).to_pil() for page in pypdfium2.PdfDocument(pdf)
    ]


def read_pdf_text(pdf: bytes) -> list[str]:
    """Return the text of each page of a PDF document."""
    return [page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(pdf)]


def install_zpl_renderer() -> str | None:
    """Install the locked renderer once; return why it is impossible."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return "ZPL is not rendered: Node.js and npm are not installed"
    if not (RENDERER / "node_modules" / "zpl-renderer-js").exists():
        RENDERER.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(ZPL / name, RENDERER)
        install = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        result = subprocess.run(install, cwd=RENDERER, capture_output=True, text=True, timeout=120, check=False)
        if result.returncode:
            return f"ZPL is not rendered: npm cannot install zpl-renderer-js: {result.stderr[-300:]}"
    return None


def draw_zpl_images(zpl: str, size: Sequence[int], dots_per_mm: int = 8) -> list[Image.Image]:
    """Draw labels of one size from ZPL, as a printer would."""
    command = ["node", str(ZPL / "render.mjs"), str(RENDERER), *(str(number) for number in (*size, dots_per_mm))]
    result = subprocess.run(command, input=zpl, capture_output=True, text=True, timeout=120, check=False)
    if result.returncode:
        sys.stderr.write(result.stderr[-2000:])
    assert not result.returncode, "the renderer failed"
    return [Image.open(BytesIO(base64.b64decode(image))) for image in json.loads(result.stdout)]

"""PDFs in pixels. Light, so that the command line can use it, too."""

from pathlib import Path

from PIL import Image
from pypdfium2 import PdfDocument


def raster(pdf: bytes | Path, width: int) -> Image.Image:
    """The first page of a PDF on white, `width` pixels wide."""
    with PdfDocument(pdf) as document:
        page = document[0]
        return page.render(scale=(width - 0.001) / page.get_width()).to_pil()  # which rounds up

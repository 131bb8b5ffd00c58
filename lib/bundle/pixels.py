"""PDFs in pixels, and pixels as PNG. Light, so that the command line can use it, too."""

import io
from pathlib import Path

import png
from PIL import Image
from pypdfium2 import PdfDocument

INCH = 0.0254  # metres


def raster(pdf: bytes | Path, width: int) -> Image.Image:
    """The first page of a PDF on white, `width` pixels wide."""
    with PdfDocument(pdf) as document:
        page = document[0]
        return page.render(scale=(width - 0.001) / page.get_width()).to_pil()  # which rounds up


def packed(image: Image.Image, dots: float) -> bytes:
    """An image in red, green and blue as a PNG that says how many dots make an inch; it bears no date.

    Packed harder, it would take twice as long and be a tenth smaller.
    """
    metre = round(dots / INCH)
    writer = png.Writer(
        *image.size,
        greyscale=False,
        compression=3,
        x_pixels_per_unit=metre,
        y_pixels_per_unit=metre,
        unit_is_meter=True,
    )
    pixels, row, picture = image.tobytes(), 3 * image.width, io.BytesIO()
    writer.write_packed(picture, (pixels[start : start + row] for start in range(0, len(pixels), row)))
    return picture.getvalue()

"""Each published picture looks like the one on file, with room for another build of the fonts.

After a change that is meant: `python tests/test_pictures.py` makes the pictures anew; look at each, then commit it.
"""

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from lib import figures, notebooks

FOLDER = Path(__file__).parent / "pictures"
TOLERANCE = 3.0  # mean difference in grey levels of 255, after blurring away the edges of letters


NAMES = [path.stem for path in notebooks.figures()]
#: Each picture on file: the figure and its parameters.
PICTURES = {name: (name, {}) for name in NAMES} | {f"{NAMES[0]}.zh": (NAMES[0], {"language": "zh"})}


def picture(figure) -> Image.Image:
    """The figure at the 700 pixels that a reader of a web page sees, twice as sharp."""
    return Image.open(io.BytesIO(figure.picture(200))).convert("RGB")


def difference(first: Image.Image, second: Image.Image) -> float:
    size = (350, round(350 * first.height / first.width))
    grey = [
        np.asarray(image.convert("L").resize(size).filter(ImageFilter.GaussianBlur(2)), dtype=float)
        for image in (first, second)
    ]
    return float(np.abs(grey[0] - grey[1]).mean())


@pytest.mark.parametrize("file", PICTURES)
def test_the_picture_is_the_one_on_file(file):
    name, values = PICTURES[file]
    assert difference(picture(figures.build(name, **values)), Image.open(FOLDER / f"{file}.png")) < TOLERANCE


def test_another_year_is_told_apart():
    assert (
        difference(picture(figures.build(NAMES[0], fiscal_year=2019)), Image.open(FOLDER / f"{NAMES[0]}.png"))
        > TOLERANCE
    )


if __name__ == "__main__":
    for file in sys.argv[1:] or PICTURES:
        name, values = PICTURES[file]
        picture(figures.build(name, **values)).quantize(128).save(FOLDER / f"{file}.png", optimize=True)

"""Imported by the tests' warm process, which serves many renders: what the gallery of each looks up, once for all of them."""

import contextlib

from lib.render import gallery

with contextlib.suppress(Exception):  # the render says what is wrong
    gallery.prepare()

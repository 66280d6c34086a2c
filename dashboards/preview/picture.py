"""Small files of pictures for the documentation."""

from pathlib import Path

from PIL import Image

_COLOURS = 160


def shrink(file: Path) -> None:
    """Write a picture again with a palette: a dashboard has few colours, and the file is a third as large."""
    with Image.open(file) as picture:
        small = picture.convert("RGB").quantize(_COLOURS)
    small.save(file, optimize=True)

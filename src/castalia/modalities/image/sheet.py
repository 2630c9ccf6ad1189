"""A contact sheet: many small pictures on one, enlarged so that a person can see them."""

import math

from PIL import Image

from castalia.modalities.image.pixels import resize

CELL = 64
"""Smallest side of a picture on a sheet, in pixels."""

GAP = 4
MOST = 100


def contact_sheet(images: list[Image.Image], columns: int | None = None) -> Image.Image:
    """Up to 100 pictures of one size on white, enlarged by a whole factor to 64 pixels or more.

    The grid has so many ``columns``, or is nearly square.
    """
    images = images[:MOST]
    width, height = images[0].size
    factor = max(1, math.ceil(CELL / max(width, height)))
    width, height = width * factor, height * factor
    columns = columns or math.ceil(math.sqrt(len(images)))
    rows = math.ceil(len(images) / columns)
    mode = "L" if all(image.mode == "L" for image in images) else "RGB"
    white = 255 if mode == "L" else (255, 255, 255)
    sheet = Image.new(mode, (columns * (width + GAP) + GAP, rows * (height + GAP) + GAP), white)
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        place = (GAP + column * (width + GAP), GAP + row * (height + GAP))
        sheet.paste(resize(image, width, height).convert(mode), place)
    return sheet

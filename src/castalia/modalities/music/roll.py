"""Piano rolls: pieces as pictures, time to the right, pitch upwards, a colour for each voice."""

import io

from PIL import Image, ImageDraw

from castalia.modalities.music.piece import DURATION, PART, PITCH, START, Piece

COLOURS = ("#2a6fbb", "#d1495b", "#3a9a5b", "#e0a030", "#7d5ba6", "#2f9c95", "#8c6239", "#5f6b76")
COLUMNS, ROWS = 3, 4
WIDTH, HEIGHT, GAP = 360, 150, 8
LONGEST = 64.0
"""Quarter notes that are shown of a piece."""


def piano_rolls(pieces: list[Piece]) -> Image.Image:
    """Up to twelve pieces on one sheet."""
    shown = [piece for piece in pieces if len(piece.notes)][: COLUMNS * ROWS]
    columns = min(COLUMNS, max(1, len(shown)))
    rows = max(1, -(-len(shown) // columns))
    sheet = Image.new("RGB", (columns * (WIDTH + GAP) + GAP, rows * (HEIGHT + GAP) + GAP), "#d8dbe0")
    for index, piece in enumerate(shown):
        row, column = divmod(index, columns)
        sheet.paste(piano_roll(piece), (GAP + column * (WIDTH + GAP), GAP + row * (HEIGHT + GAP)))
    return sheet


def piano_roll(piece: Piece) -> Image.Image:
    """One piece, its bar lines and its C's as thin lines."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw = ImageDraw.Draw(picture)
    low, high = int(piece.notes[:, PITCH].min()) - 2, int(piece.notes[:, PITCH].max()) + 2
    across = WIDTH / min(LONGEST, max(piece.length, piece.bar))
    up = HEIGHT / (high - low + 1)
    for pitch in range(low, high + 1):
        if pitch % 12 == 0:
            height = HEIGHT - (pitch - low + 0.5) * up
            draw.line((0, height, WIDTH, height), fill="#eceef1")
    bar = 0.0
    while bar * across < WIDTH:
        draw.line((bar * across, 0, bar * across, HEIGHT), fill="#dfe3e8")
        bar += piece.bar
    for note in piece.notes:
        left, top = note[START] * across, HEIGHT - (note[PITCH] - low + 1) * up
        right = max(left + 1, (note[START] + note[DURATION]) * across - 1)
        colour = COLOURS[int(note[PART]) % len(COLOURS)]
        draw.rectangle((left, top, right, max(top + 1, top + up - 1)), fill=colour)
    return picture


def as_png(picture: Image.Image) -> bytes:
    """The bytes of a PNG file."""
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()

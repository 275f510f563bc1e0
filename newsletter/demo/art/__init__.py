"""The demo's pictures: still prints in two or three inks, drawn by program.

Nothing is downloaded and no picture file is kept in the repository; the same name and size
always give the same pixels.
"""

from collections.abc import Callable, Mapping

from PIL import Image

from newsletter.demo.art import figures, places, rooms, water

_PRINTS: Mapping[str, Callable[[tuple[int, int]], Image.Image]] = {
    "table": rooms.table,
    "scale": places.scale,
    "clock": rooms.clock,
    "spike": rooms.spike,
    "harbour": water.harbour,
    "pencil": rooms.pencil,
    "doorway": rooms.doorway,
    "fish": water.fish,
    "window": places.window,
    "bridge": water.bridge,
    "year": figures.year,
    "ranges": figures.ranges,
    "clause": figures.clause,
    "bollard": figures.bollard,
}

NAMES: tuple[str, ...] = tuple(_PRINTS)
SIZE = (1600, 1000)


def draw(name: str, size: tuple[int, int] = SIZE) -> Image.Image:
    """The print as RGB. Covers fill the size and are cropped; diagrams are shown whole.

    Raises KeyError for a name that is not in NAMES.
    """
    return _PRINTS[name](size)

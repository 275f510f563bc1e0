"""A small printing press: plates are cut in greys, inked, and pulled onto warm paper.

All coordinates are those of one block, 1600 by 1000, whatever size is printed.
"""

import math
from collections.abc import Iterable, Sequence
from random import Random

from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter, ImageFont

Point = tuple[float, float]

BLOCK = (1600, 1000)
OVERSAMPLE = 2
PAPER = "#f6eedf"
DARK = 300
PETROL = "#12404b"
NIGHT = "#16303a"
VERMILION = "#dc5335"
OCHRE = "#e8b24a"
SAGE = "#8fb0a0"
ROSE = "#e39a86"


def circle(x: float, y: float, r: float, steps: int = 72) -> list[Point]:
    """A closed outline; pass fewer steps for a shape that should look hewn."""
    return arc(x, y, r, r, 0, 360, steps)


def arc(
    x: float, y: float, rx: float, ry: float, start: float, end: float, steps: int = 48
) -> list[Point]:
    """Points on an ellipse; degrees run clockwise from three o'clock, as in Pillow."""
    turns = [math.radians(start + (end - start) * i / steps) for i in range(steps + 1)]
    return [(x + rx * math.cos(t), y + ry * math.sin(t)) for t in turns]


def turned(points: Iterable[Point], about: Point, degrees: float) -> list[Point]:
    """The points turned clockwise about one of them or any other."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x0, y0 = about
    return [(x0 + (x - x0) * c - (y - y0) * s, y0 + (x - x0) * s + (y - y0) * c) for x, y in points]


def smooth(points: Sequence[Point], steps: int = 8) -> list[Point]:
    """A closed curve through the points (Catmull-Rom); one given twice stays a corner."""
    n = len(points)
    curve: list[Point] = []
    for i in range(n):
        a, b, c, d = (points[(i + j) % n] for j in (-1, 0, 1, 2))
        if b == c:
            continue
        for step in range(steps):
            t = step / steps
            weights = (
                -0.5 * t + t * t - 0.5 * t**3,
                1 - 2.5 * t * t + 1.5 * t**3,
                0.5 * t + 2 * t * t - 1.5 * t**3,
                -0.5 * t * t + 0.5 * t**3,
            )
            x = sum(w * p[0] for w, p in zip(weights, (a, b, c, d), strict=True))
            y = sum(w * p[1] for w, p in zip(weights, (a, b, c, d), strict=True))
            curve.append((x, y))
    return curve


def box(left: float, top: float, right: float, bottom: float) -> list[Point]:
    """A rectangle as an outline, so that it can be turned and cut by hand."""
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


class Plate:
    """One ink's block. A value of 255 prints solid, 0 is carved away, between is a tint."""

    def __init__(self, scale: float, origin: Point, size: tuple[int, int], rng: Random) -> None:
        self.image = Image.new("L", size, 0)
        self._draw = ImageDraw.Draw(self.image)
        self._scale = scale
        self._origin = origin
        self._rng = rng

    def _place(self, points: Iterable[Point]) -> list[Point]:
        ox, oy = self._origin
        return [(x * self._scale + ox, y * self._scale + oy) for x, y in points]

    def fill(self, value: int = 255) -> None:
        """Ink the whole plate, also what lies beyond the block."""
        self.image.paste(value, (0, 0, *self.image.size))

    def shape(self, points: Sequence[Point], value: int = 255, wobble: float = 1.3) -> None:
        """A filled outline whose long edges waver a little, as a cut by hand does."""
        self._draw.polygon(self._place(self._by_hand(points, wobble)), fill=value)

    def _by_hand(self, points: Sequence[Point], wobble: float) -> list[Point]:
        if not wobble:
            return list(points)
        rough: list[Point] = []
        for (x0, y0), (x1, y1) in zip(points, [*points[1:], points[0]], strict=True):
            edge = math.hypot(x1 - x0, y1 - y0)
            pieces = max(1, int(edge / 46))
            # Short edges belong to curves: at full strength they would come out as cogs.
            give = wobble * min(1.0, edge / 40)
            for i in range(pieces):
                t = i / pieces
                dx, dy = self._rng.uniform(-give, give), self._rng.uniform(-give, give)
                rough.append((x0 + (x1 - x0) * t + dx, y0 + (y1 - y0) * t + dy))
        return rough

    def stroke(self, points: Sequence[Point], width: float, value: int = 255) -> None:
        """A line of even width with round joints and ends."""
        placed = self._place(points)
        thick = max(1, round(width * self._scale))
        self._draw.line(placed, fill=value, width=thick, joint="curve")
        for x, y in (placed[0], placed[-1]):
            r = thick / 2
            self._draw.ellipse((x - r, y - r, x + r, y + r), fill=value)

    def gouge(self, start: Point, end: Point, width: float, value: int = 0) -> None:
        """One push of a V-tool: a sliver, thin where it enters, blunter where it leaves."""
        (x0, y0), (x1, y1) = start, end
        length = math.hypot(x1 - x0, y1 - y0) or 1
        nx, ny = -(y1 - y0) / length * width / 2, (x1 - x0) / length * width / 2
        bend = self._rng.uniform(-0.5, 0.5)
        mx, my = x0 + (x1 - x0) * 0.62 + nx * bend, y0 + (y1 - y0) * 0.62 + ny * bend
        ex, ey = (x1 - x0) * 0.96 + x0, (y1 - y0) * 0.96 + y0
        sliver = [
            (x0, y0), (mx + nx, my + ny), (ex + nx * 0.5, ey + ny * 0.5), (x1, y1),
            (ex - nx * 0.5, ey - ny * 0.5), (mx - nx, my - ny),
        ]  # fmt: skip
        self._draw.polygon(self._place(sliver), fill=value)

    def rows(
        self,
        area: tuple[float, float, float, float],
        gap: float,
        length: float,
        width: float,
        value: int = 0,
        skip: float = 0.1,
    ) -> None:
        """Level gouges all over an area: sky, water, floor boards."""
        left, top, right, bottom = area
        y = top
        while y <= bottom:
            x = left - self._rng.uniform(0, length)
            while x < right:
                run = length * self._rng.uniform(0.55, 1.25)
                x0, x1 = max(x, left), min(x + run, right)
                if x1 - x0 > length * 0.12 and self._rng.random() > skip:
                    tilt = self._rng.uniform(-1.2, 1.2)
                    w = width * self._rng.uniform(0.7, 1.2)
                    self.gouge((x0, y + tilt), (x1, y - tilt), w, value)
                x += run + length * self._rng.uniform(0.08, 0.3)
            y += gap * self._rng.uniform(0.88, 1.12)

    def rays(
        self,
        centre: Point,
        inner: float,
        outer: float,
        count: int,
        width: float,
        value: int = 0,
        sweep: tuple[float, float] = (0, 360),
    ) -> None:
        """Gouges that leave a centre like light."""
        for i in range(count):
            turn = sweep[0] + (sweep[1] - sweep[0]) * (i + self._rng.uniform(-0.2, 0.2)) / count
            c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
            a = inner * self._rng.uniform(0.97, 1.12)
            b = outer * self._rng.uniform(0.72, 1.05)
            self.gouge(
                (centre[0] + c * b, centre[1] + s * b),
                (centre[0] + c * a, centre[1] + s * a),
                width * self._rng.uniform(0.75, 1.2),
                value,
            )

    def text(
        self, at: Point, words: str, size: float, value: int = 255, anchor: str = "ls"
    ) -> None:
        """Type in the face that Pillow carries; the anchor is Pillow's."""
        font = ImageFont.load_default(size=max(6, size * self._scale))
        (place,) = self._place([at])
        self._draw.text(place, words, fill=value, font=font, anchor=anchor)


class Press:
    """Holds the plates of one print. The same seed always gives the same print."""

    def __init__(self, size: tuple[int, int], seed: str, *, whole: bool = False) -> None:
        """`whole` shows the entire block with paper around it; otherwise it is cropped."""
        self.size = size
        ratios = (size[0] / BLOCK[0], size[1] / BLOCK[1])
        unit = min(ratios) if whole else max(ratios)
        self._unit = unit
        self._scale = unit * OVERSAMPLE
        # Room around the sheet, so that a plate laid askew does not come round the other side.
        self._bleed = math.ceil(8 * unit)
        self._full = (size[0] + 2 * self._bleed, size[1] + 2 * self._bleed)
        self._big = (self._full[0] * OVERSAMPLE, self._full[1] * OVERSAMPLE)
        self._origin = (
            (self._big[0] - BLOCK[0] * self._scale) / 2,
            (self._big[1] - BLOCK[1] * self._scale) / 2,
        )
        self.rng = Random(seed)  # noqa: S311 - chisel marks, not secrets
        self._plates: list[tuple[Plate, str, Point, float]] = []

    def plate(self, ink: str, *, shift: Point = (0, 0), grain: float = 1.0) -> Plate:
        """A blank block for one ink; `shift` is by how much it is laid on askew."""
        plate = Plate(self._scale, self._origin, self._big, self.rng)
        self._plates.append((plate, ink, shift, grain))
        return plate

    def pull(self) -> Image.Image:
        """Print the plates in the order in which they were asked for."""
        sheet = Image.new("RGB", self._full, PAPER)
        fibre = self._noise(1.4).point(lambda v: min(255, 252 + (v - 127) // 9))
        sheet = ImageChops.multiply(sheet, Image.merge("RGB", (fibre, fibre, fibre)))
        for plate, ink, shift, grain in self._plates:
            mask = ImageChops.multiply(plate.image.reduce(OVERSAMPLE), self._coverage(grain))
            dx, dy = (round(s * self._unit) for s in shift)
            mask = ImageChops.offset(mask, dx, dy)
            colour = Image.new("RGB", self._full, ImageColor.getrgb(ink))
            over = ImageChops.multiply(sheet, colour)
            if sum(ImageColor.getrgb(ink)) < DARK:
                # A dark ink is stiff and hides most of what was printed before it.
                over = Image.blend(over, colour, 0.8)
            sheet = Image.composite(over, sheet, mask)
        b = self._bleed
        return sheet.crop((b, b, b + self.size[0], b + self.size[1]))

    def _noise(self, blur: float) -> Image.Image:
        """Grey noise, tiled from one patch, which is quicker than a sheet of its own."""
        side = 640
        patch = Image.frombytes("L", (side, side), self.rng.randbytes(side * side))
        patch = patch.filter(ImageFilter.GaussianBlur(blur))
        sheet = Image.new("L", self._full)
        for x in range(0, self._full[0], side):
            for y in range(0, self._full[1], side):
                sheet.paste(patch, (x, y))
        return sheet

    def _coverage(self, grain: float) -> Image.Image:
        """How well the ink took: nearly everywhere, with small dry specks."""
        dry_below, span = 88, 12

        def took(value: int) -> int:
            dry = max(0.0, min(1.0, (dry_below - value + span) / span))
            return round(255 * (1 - 0.24 * grain * dry)) - round(5 * grain)

        return self._noise(1.2).point(took)

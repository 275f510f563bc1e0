"""Prints that stand inside an article: two diagrams, a marked page, a rope."""

from PIL import Image

from newsletter.demo.art.press import (
    OCHRE,
    PETROL,
    ROSE,
    SAGE,
    VERMILION,
    Plate,
    Press,
    arc,
    box,
)

# What becomes of a year: (words, days, ink). The days add up to 365.
YEAR = (
    ("paid by someone", 118, "red"),
    ("finding and quoting the work", 42, "ochre"),
    ("books, post, repairs, learning", 46, "sage"),
    ("holidays and illness", 43, "rose"),
    ("weekends and public holidays", 116, "key"),
)


def year(size: tuple[int, int]) -> Image.Image:
    """A diagram: each tile a day, coloured by what it went to."""
    press = Press(size, "year", whole=True)
    plates = {
        "sage": press.plate(SAGE, shift=(1, 1), grain=0.5),
        "rose": press.plate(ROSE, shift=(-1, 1), grain=0.5),
        "ochre": press.plate(OCHRE, shift=(1, -1), grain=0.5),
        "red": press.plate(VERMILION, shift=(-1, 1), grain=0.5),
        "key": press.plate(PETROL, grain=0.5),
    }
    key = plates["key"]
    key.text((60, 106), "Where 365 days go", 68)
    key.text((60, 170), "One tile is one day. Only the red ones can be invoiced.", 42)
    step, left, top = 40, 60, 216
    days = [ink for _, count, ink in YEAR for _ in range(count)]
    for i, ink in enumerate(days):
        x, y = left + (i // 10) * step, top + (i % 10) * step
        plates[ink].shape(box(x, y, x + 35, y + 35), wobble=0.9)
    key.stroke([(60, 646), (1535, 646)], 2)
    for row, (words, count, ink) in enumerate(YEAR):
        y = 714 + row * 60
        plates[ink].shape(box(60, y - 33, 97, y + 4), wobble=0.9)
        key.text((196, y), str(count), 42, anchor="rs")
        key.text((222, y), words, 42)
    plates["red"].text((1535, 858), "118", 210, anchor="rs")
    key.text((1535, 934), "days to be paid for all 365", 42, anchor="rs")
    return press.pull()


def ranges(size: tuple[int, int]) -> Image.Image:
    """A diagram: two ranges on one line of money, and the stretch that they share."""
    press = Press(size, "ranges", whole=True)
    shared = press.plate(OCHRE, shift=(1, 1), grain=0.5)
    red = press.plate(VERMILION, shift=(-1, 1), grain=0.5)
    key = press.plate(PETROL, grain=0.5)

    def at(euros: float) -> float:
        return 80 + (euros - 6000) / 8000 * 1440

    key.text((80, 106), "The room that nobody can see from one chair", 62)
    shared.shape(box(at(8400), 196, at(11200), 816), 235)
    red.shape(box(at(8400), 290, at(13200), 370))
    key.shape(box(at(6600), 540, at(11200), 620))
    for i in range(24):
        red.gouge((at(8500) + i * 35, 354), (at(8500) + i * 35 + 18, 306), 6)
        key.gouge((at(6700) + i * 33.4, 604), (at(6700) + i * 33.4 + 18, 556), 6)
    key.text((at(8400) + 14, 266), "What you would take", 48)
    key.text((at(8400) + 14, 424), "your floor: 8,400", 42)
    key.text((at(13200), 424), "your hope: 13,200", 42, anchor="rs")
    key.text((at(6600), 516), "What they would pay", 48)
    key.text((at(6600), 674), "their hope: 6,600", 42)
    key.text((at(11200) - 14, 674), "their limit: 11,200", 42, anchor="rs")
    key.text((at(9800), 780), "room for an agreement", 42, anchor="ms")
    key.stroke([(at(6000), 816), (at(14000), 816)], 4)
    for euros in range(6000, 14001, 1000):
        key.stroke([(at(euros), 816), (at(euros), 834)], 4)
        key.text((at(euros), 882), f"{euros:,}", 38, anchor="ms")
    key.text((at(14000), 950), "euros, for the whole job", 38, anchor="rs")
    return press.pull()


CLAUSE = (
    ("7.2", "The Contractor shall make such revisions as"),
    ("", "the Client may reasonably require, and shall"),
    ("", "do so without further charge, until the Client"),
    ("", "is satisfied with the Work."),
    ("7.3", "Payment falls due thirty (30) days after the"),
    ("", "Client has given written acceptance."),
)


def clause(size: tuple[int, int]) -> Image.Image:
    """A page of contract with a reader's red pencil on it."""
    press = Press(size, "clause")
    shade = press.plate(SAGE, shift=(2, 2))
    key = press.plate(PETROL)
    red = press.plate(VERMILION, shift=(-2, 1))

    shade.fill()
    shade.rows((-30, 20, 1630, 990), 34, 230, 7, skip=0.25)
    key.shape(box(158, 76, 1482, 1060))
    for plate in (shade, key):
        plate.shape(box(140, 60, 1460, 1060), 0)
    key.text((240, 150), "SCHEDULE B: ACCEPTANCE", 36)
    key.stroke([(240, 176), (1360, 176)], 3)
    for i, (number, words) in enumerate(CLAUSE):
        y = 268 + i * 92 + (34 if i > 3 else 0)
        key.text((240, y), number, 44)
        key.text((340, y), words, 44)
    _strike(red, 340, 1224, 434)
    _strike(red, 340, 880, 526)
    red.text((900, 582), "two rounds; then by the hour", 40)
    red.stroke([(888, 570), (858, 556), (842, 540)], 5)
    _ring(red, 800, 744, 262, 48)
    red.text((1010, 866), "whose? by when?", 40)
    red.stroke([(1000, 852), (962, 838), (928, 798)], 5)
    red.stroke(arc(205, 360, 26, 150, 100, 260), 7)
    return press.pull()


def _strike(red: Plate, left: float, right: float, y: float) -> None:
    steps = 9
    red.stroke(
        [(left + (right - left) * i / steps, y + (4 if i % 2 else -4)) for i in range(steps + 1)], 7
    )


def _ring(red: Plate, x: float, y: float, rx: float, ry: float) -> None:
    red.stroke([*arc(x, y, rx, ry, -150, 190), *arc(x, y, rx * 1.02, ry * 1.12, 190, 230, 8)], 6)


def bollard(size: tuple[int, int]) -> Image.Image:
    """A mooring line, made fast."""
    press = Press(size, "bollard")
    sky = press.plate(OCHRE, shift=(2, 2))
    rope = press.plate(VERMILION, shift=(-2, 2))
    key = press.plate(PETROL)

    sky.shape(box(-20, -20, 1620, 436))
    sky.rows((-30, 30, 1630, 420), 32, 200, 8, skip=0.2)
    key.shape(box(-20, 430, 1620, 700))
    key.rows((-30, 452, 1630, 690), 24, 150, 7, skip=0.1)
    for plate in (sky, key):
        plate.shape(box(-20, 690, 1620, 1020), 0)
    key.shape(box(-20, 706, 1620, 1020))
    key.rows((-30, 736, 1630, 1000), 46, 330, 9, skip=0.12)
    post = [
        (560, 860), (590, 800), (640, 760), (640, 380), (610, 350), (610, 270), (680, 232),
        (920, 232), (990, 270), (990, 350), (960, 380), (960, 760), (1010, 800), (1040, 860),
    ]  # fmt: skip
    halo = [(x + (x - 800) * 0.05, y - 12 if y < 300 else y + 4) for x, y in post]
    for plate in (sky, key):
        plate.shape(halo, 0)
    key.shape(post)
    for i in range(5):
        key.gouge((592 + i * 30, 846 - i * 2), (668 + i * 16, 744 - i * 4), 7)
    key.gouge((640, 286), (930, 256), 8)
    key.gouge((650, 306), (860, 286), 7)
    _line(sky, rope, key)
    for i in range(4):
        _coil((sky, key), rope, 476 + i * 72, tilt=9)
    return press.pull()


def _coil(under: tuple[Plate, ...], rope: Plate, y: float, tilt: float) -> None:
    def lean(x: float, at: float) -> tuple[float, float]:
        return x, at - tilt * (x - 800) / 196

    lower = [lean(x, at) for x, at in arc(800, y, 190, 34, 0, 180)]
    upper = [lean(x, at - 54) for x, at in reversed(arc(800, y, 190, 34, 0, 180))]
    ends = [lean(600, y - 20), lean(600, y - 36)]
    band = [*lower, *ends, *upper, lean(1000, y - 36), lean(1000, y - 20)]
    for plate in under:
        plate.shape([(x + (x - 800) * 0.02, at + (4 if at > y else -4)) for x, at in band], 0)
    rope.shape(band)
    key = under[-1]
    for i in range(12):
        x = 616 + i * 33
        sag = 34 * max(0.0, 1 - ((x - 800) / 196) ** 2) ** 0.5
        key.gouge(lean(x - 13, y + sag - 10), lean(x + 17, y + sag - 44), 9, 255)


def _line(sky: Plate, rope: Plate, key: Plate) -> None:
    for plate in (sky, key):
        plate.shape([(960, 422), (1640, 318), (1640, 410), (960, 496)], 0)
    rope.shape([(960, 431), (1640, 328), (1640, 400), (960, 487)])
    for i in range(17):
        x = 1010 + i * 38
        y = 476 - (x - 986) * 0.138
        key.gouge((x, y), (x + 34, y - 50), 9, 255)

"""Prints of rooms and the things on tables."""

from PIL import Image

from newsletter.demo.art.press import (
    NIGHT,
    OCHRE,
    PETROL,
    VERMILION,
    Plate,
    Point,
    Press,
    arc,
    box,
    circle,
    smooth,
    turned,
)


def table(size: tuple[int, int]) -> Image.Image:
    """Two chairs, one table, one lamp."""
    press = Press(size, "table")
    light = press.plate(OCHRE, shift=(3, -2))
    red = press.plate(VERMILION, shift=(-3, 2))
    key = press.plate(PETROL)

    pool = circle(800, 590, 560, 120)
    light.shape(pool)
    key.fill()
    key.rays((800, 590), 590, 1180, 150, 12)
    key.shape(circle(800, 590, 580, 120))
    key.shape(pool, 0)
    light.rays((800, 262), 74, 300, 21, 10, 0, (28, 152))
    key.shape(box(-20, 858, 1620, 1020))
    key.rows((-30, 886, 1630, 1000), 25, 230, 8)

    key.stroke([(800, 30), (800, 170)], 7)
    key.stroke([(800, -20), (800, 22)], 7, 0)
    shade = [(768, 168), (832, 168), (934, 268), (666, 268)]
    light.shape(shade, 0)
    red.shape(shade)
    light.shape(arc(800, 268, 50, 34, 0, 180), 0)

    key.shape(box(446, 596, 1154, 630))
    for x, lean in ((520, -22), (1048, 22)):
        key.shape([(x, 628), (x + 32, 628), (x + 32 + lean, 862), (x + lean, 862)])
    key.shape(box(552, 630, 1050, 664))
    key.rows((580, 646, 1030, 652), 12, 150, 5)
    _chair(key, 372, 1, 255)
    _chair(light, 1228, -1, 0)
    _chair(red, 1228, -1, 255)
    light.shape([(706, 560), (868, 552), (922, 594), (672, 594)], 0)
    for y, x0, x1 in ((566, 738, 842), (575, 728, 800), (584, 716, 860)):
        key.stroke([(x0, y), (x1, y - 3)], 3.5)
    _cup(red, 560, 596)
    _cup(key, 1030, 596)
    return press.pull()


def _chair(plate: Plate, x: float, way: int, value: int) -> None:
    def at(points: list[Point]) -> list[Point]:
        return [(x + way * px, py) for px, py in points]

    plate.shape(at([(-52, 352), (-20, 350), (8, 640), (20, 862), (-14, 862), (-22, 640)]), value)
    plate.shape(at([(-24, 662), (150, 662), (158, 702), (-14, 702)]), value)
    plate.shape(at([(114, 700), (144, 700), (160, 862), (128, 862)]), value)
    plate.shape(at([(6, 770), (132, 770), (134, 790), (8, 790)]), value)
    plate.shape(at([(-66, 338), (-14, 344), (-8, 374), (-62, 368)]), value)


def _cup(plate: Plate, x: float, base: float) -> None:
    plate.shape([(x - 34, base - 48), (x + 34, base - 48), (x + 25, base - 6), (x - 25, base - 6)])
    plate.shape(box(x - 40, base - 9, x + 40, base))
    plate.stroke(arc(x + 36, base - 30, 15, 13, -90, 90), 6)


def clock(size: tuple[int, int]) -> Image.Image:
    """A bird that has time, sitting on the minute hand."""
    press = Press(size, "clock")
    tint = press.plate(OCHRE, shift=(-3, 3))
    red = press.plate(VERMILION, shift=(4, 2))
    key = press.plate(NIGHT)
    centre = (690, 560)

    tint.fill()
    tint.shape(circle(*centre, 468), 0)
    key.fill()
    key.rays(centre, 540, 1150, 120, 13)
    key.shape(circle(*centre, 520), 255)
    key.shape(circle(*centre, 466), 0)
    key.stroke(circle(*centre, 440), 4)
    for tick in range(60):
        long = tick % 5 == 0
        bar = box(centre[0] - (9 if long else 3), 145, centre[0] + (9 if long else 3), 0)
        bar = box(bar[0][0], 136, bar[1][0], 196 if long else 162)
        key.shape(turned(bar, centre, tick * 6), 255, wobble=0.8)
    hour = [(690, 590), (672, 560), (680, 350), (690, 318), (700, 350), (708, 560)]
    key.shape(turned(hour, centre, -52))
    minute = [(660, 560), (690, 546), (1050, 551), (1082, 560), (1050, 569), (690, 574)]
    key.shape(minute)
    key.shape(circle(*centre, 30))
    key.shape(circle(*centre, 9), 0)
    _bird(tint, red, key)
    return press.pull()


def _bird(tint: Plate, red: Plate, key: Plate) -> None:
    body = smooth([
        (838, 492), (872, 450), (918, 422), (954, 394), (972, 358), (1010, 338), (1048, 346),
        (1068, 374), (1072, 420), (1054, 466), (1020, 506), (980, 526), (930, 532), (884, 524),
        (846, 528), (826, 516),
    ])  # fmt: skip
    tail = [(850, 480), (892, 524), (820, 566), (752, 612), (728, 600), (764, 552)]
    beak = [(1062, 362), (1110, 382), (1062, 396)]
    for part in (body, tail, beak):
        key.shape([(x + (x - 960) * 0.03, y + (y - 450) * 0.05) for x, y in part], 0)
    for part in (body, tail):
        red.shape(part)
    tint.shape(beak)
    key.stroke([(700, 560), (1070, 560)], 17)
    wing = smooth([(980, 440), (940, 428), (892, 452), (840, 500), (790, 566), (860, 540),
                   (920, 520), (966, 484)])  # fmt: skip
    key.shape(wing)
    for i in range(4):
        key.gouge((826 + i * 16, 534 - i * 8), (934 + i * 10, 446 + i * 12), 7)
    for i in range(4):
        red.gouge((1012 - i * 22, 508 + i * 3), (1046 - i * 24, 440 + i * 12), 8)
    key.shape(circle(1030, 372, 8))
    for x in (956, 990):
        key.stroke([(x, 526), (x + 4, 552)], 5)
        key.stroke([(x - 10, 553), (x + 18, 553)], 5)


def spike(size: tuple[int, int]) -> Image.Image:
    """Bills on a spike, the newest one still white."""
    press = Press(size, "spike")
    ground = press.plate(VERMILION, shift=(3, 3))
    tint = press.plate(OCHRE, shift=(-3, 1))
    key = press.plate(PETROL)

    ground.fill()
    ground.rows((-30, 30, 1630, 700), 34, 190, 7, skip=0.25)
    key.shape(box(-20, 800, 1620, 1020))
    key.rows((-30, 830, 1630, 1000), 27, 240, 7)
    foot = [*arc(800, 872, 300, 58, 0, 180), *arc(800, 838, 300, 58, 180, 360)]
    rim = [(x + (x - 800) * 0.03, y + (y - 855) * 0.1) for x, y in foot]
    key.shape(rim, 0)
    ground.shape(rim, 0)
    key.shape(foot)
    key.shape(arc(800, 836, 290, 50, 0, 360), 0)
    tint.shape(arc(800, 836, 286, 47, 0, 360))
    for i in range(9):
        key.gouge(
            (600 + i * 50, 890 + (4 - abs(i - 4)) * 7),
            (588 + i * 53, 904 + (4 - abs(i - 4)) * 6),
            6,
        )
    key.stroke([(800, 90), (800, 836)], 14)
    key.shape(arc(800, 838, 46, 12, 0, 360))
    angles = (-3, 4, -5, 3, -2, 6, -4, 2, -6, 4)
    slides = (0, -26, 14, -8, 30, -14, 4, -30, 18, 0)
    for i, (angle, slide) in enumerate(zip(angles, slides, strict=True)):
        _bill(ground, tint, key, (800 + slide, 730 - i * 43), angle, last=i == len(angles) - 1)
    key.shape([(793, 60), (800, 14), (807, 60), (807, 344), (793, 344)])
    return press.pull()


def _bill(
    ground: Plate, tint: Plate, key: Plate, about: Point, angle: float, *, last: bool
) -> None:
    x0, y0 = about

    def at(*points: Point) -> list[Point]:
        return turned([(x0 + px, y0 + py) for px, py in points], about, angle)

    near = at((-370, 40), (-236, -48), (366, -48), (292, 40))
    key.shape(at((-382, 40), (-240, -54), (376, -54), (300, 40), (300, 50), (-380, 50)))
    for plate in (ground, key, tint):
        plate.shape(near, 0)
    if not last:
        tint.shape(near, 110)
    for step, width in enumerate((150, 110, 168, 90)):
        y, x = -30 + step * 17, -196 - step * 25
        key.stroke(at((x, y), (x + width, y)), 4)
        if step != 2:
            key.stroke(at((160 - step * 14, y), (268 - step * 20, y)), 4)
    if last:
        ground.stroke(at(*arc(196, -6, 92, 25, 0, 380)), 6)
    key.shape(arc(800, y0 - 2, 13, 5, 0, 360))


def pencil(size: tuple[int, int]) -> Image.Image:
    """A page, one line of it struck out."""
    press = Press(size, "pencil")
    ground = press.plate(OCHRE, shift=(-3, 2))
    key = press.plate(PETROL)
    red = press.plate(VERMILION, shift=(3, 2))

    ground.fill()
    page = turned(box(330, -60, 1120, 1080), (725, 500), -7)
    key.rows((-30, 20, 1630, 990), 38, 260, 8, 255, skip=0.12)
    key.shape(turned(box(352, -40, 1142, 1100), (725, 500), -7), 255)
    for plate in (key, ground):
        plate.shape(page, 0)
    lines = [620, 560, 640, 600, 380, 0, 640, 610, 570, 640, 590, 250, 0, 610, 640, 560]
    for i, length in enumerate(lines):
        y = 70 + i * 58
        if not length:
            continue
        line = [
            (420, y - 6),
            (420 + length * 0.97, y - 6),
            (420 + length * 0.97, y + 8),
            (420, y + 8),
        ]
        key.shape(turned(line, (725, 500), -7), 255, wobble=2)
    red.stroke(turned([(404, 474), (560, 466), (780, 478), (1010, 466)], (725, 500), -7), 15)
    red.stroke(turned([(404, 534), (620, 542), (860, 526), (980, 536)], (725, 500), -7), 15)
    bracket = [(398, 410), (372, 420), (372, 560), (398, 572)]
    red.stroke(turned(bracket, (725, 500), -7), 10)
    _pencil(press, ground, key, red)
    return press.pull()


def _pencil(press: Press, ground: Plate, key: Plate, red: Plate) -> None:
    tip, angle = (952.0, 486.0), -34

    def at(points: list[Point]) -> list[Point]:
        return turned([(tip[0] + x, tip[1] + y) for x, y in points], tip, angle)

    whole = at([(0, 0), (112, -44), (900, -44), (900, 44), (112, 44)])
    for plate in (key, red, ground):
        plate.shape(at([(-8, 0), (108, -54), (910, -54), (910, 54), (108, 54)]), 0)
    ground.shape(whole)
    ground.shape(
        at([(34, -13), (112, -44), (126, -20), (112, 0), (126, 20), (112, 44), (34, 13)]), 90
    )
    key.shape(at([(0, 0), (42, -17), (42, 17)]))
    red.shape(at([(112, -44), (900, -44), (900, -15), (126, -15)]))
    red.shape(at([(126, -15), (900, -15), (900, 15), (126, 15), (112, 0)]), 255)
    red.shape(at([(112, 44), (126, 15), (900, 15), (900, 44)]))
    key.shape(at([(112, 44), (126, 17), (900, 17), (900, 44)]))
    for i in range(7):
        for plate, x, y in ((red, 180.0 + i * 96, -27.0), (key, 160.0 + i * 96, 30.0)):
            start, end = at([(x, y), (x + 82, y - 1)])
            plate.gouge(start, end, 6)


def doorway(size: tuple[int, int]) -> Image.Image:
    """A door left open, and what it lets in."""
    press = Press(size, "doorway")
    light = press.plate(OCHRE, shift=(3, 2))
    red = press.plate(VERMILION, shift=(-3, -2))
    key = press.plate(NIGHT)

    opening = box(858, 150, 1118, 800)
    spill = [(858, 800), (1118, 800), (760, 1010), (150, 1010)]
    light.shape(opening)
    light.shape(spill)
    key.fill()
    key.rows((-30, 20, 1630, 770), 36, 150, 7, skip=0.45)
    key.shape(box(-20, 796, 1620, 1020))
    key.rows((-30, 826, 1630, 990), 30, 260, 8)
    key.shape(box(806, 104, 1168, 800), 0)
    key.shape(box(824, 120, 1152, 800))
    for plate in (key, red):
        plate.shape(opening, 0)
        plate.shape(spill, 0)
    _outside(light, red, key)
    _door(red, key)
    for i in range(9):
        key.gouge((820 - i * 66, 985), (955 - i * 12, 812), 6, 255)
    _coat(red, key)
    return press.pull()


def _outside(light: Plate, red: Plate, key: Plate) -> None:
    light.shape(circle(1016, 330, 62), 0)
    red.shape(circle(1016, 330, 58))
    hill = [(858, 600), (930, 560), (1010, 584), (1118, 520), (1118, 800), (858, 800)]
    key.shape(hill)
    key.rows((866, 622, 1112, 780), 24, 90, 6)
    light.shape([(960, 800), (1050, 800), (1012, 690), (1030, 640), (1018, 640), (990, 690)])
    key.shape([(948, 800), (1062, 800), (1022, 690), (1034, 630), (1018, 630), (986, 690)], 0)


def _door(red: Plate, key: Plate) -> None:
    leaf = [(1118, 150), (1360, 92), (1360, 892), (1118, 800)]
    key.shape(leaf, 0)
    red.shape(leaf)
    for top, bottom in ((0.09, 0.42), (0.52, 0.9)):
        panel = [
            (1156, 150 - 9 + 660 * top),
            (1322, 104 + 780 * top),
            (1322, 104 + 780 * bottom),
            (1156, 150 - 9 + 664 * bottom),
        ]
        key.shape(panel)
        inner = [(x + (10 if x < 1200 else -10), y + (12 if i < 2 else -12)) for i, (x, y) in
                 enumerate(panel)]  # fmt: skip
        key.shape(inner, 0)
    key.shape(circle(1336, 500, 15))
    red.shape(circle(1333, 497, 5), 0)
    key.shape([(1360, 92), (1374, 90), (1374, 896), (1360, 892)])


def _coat(red: Plate, key: Plate) -> None:
    """A hat and a coat on their pegs, with room for a third."""
    key.shape(box(214, 206, 664, 238), 0)
    red.shape(box(220, 211, 658, 233))
    for x in (290, 440, 590):
        key.stroke([(x, 236), (x, 262)], 11, 0)
    for plate, value in ((key, 0), (red, 255)):
        plate.shape(smooth([(244, 300), (252, 250), (290, 240), (328, 250), (336, 300)], 6), value)
        plate.shape(arc(290, 304, 84, 19, 0, 360), value)
    key.stroke([(246, 292), (334, 292)], 10)
    left = [(440, 262), (408, 276), (380, 330), (356, 590), (390, 604), (408, 420), (396, 676),
            (436, 688), (440, 340)]  # fmt: skip
    right = [(880 - x, y) for x, y in left]
    for half in (left, right):
        key.shape([(x + (x - 440) * 0.06, y + 4) for x, y in half], 255)
        key.shape(half, 0)
    key.shape(box(437, 330, 443, 690))
    key.shape([(440, 272), (414, 290), (440, 372), (466, 290)])
    key.stroke([(408, 294), (440, 384), (472, 294)], 5)
    for y in (430, 500, 570):
        key.shape(circle(454, y, 7))
    for x in (402, 456):
        key.stroke([(x, 540), (x + 26, 536)], 6)
    for i in range(5):
        key.gouge((404 + i * 7, 664), (406 + i * 7, 610 + i * 6), 4, 255)
        key.gouge((478 - i * 7, 664), (476 - i * 7, 610 + i * 6), 4, 255)

"""Prints with water in them."""

import math

from PIL import Image

from newsletter.demo.art.press import (
    NIGHT,
    OCHRE,
    PETROL,
    ROSE,
    SAGE,
    VERMILION,
    Plate,
    Point,
    Press,
    arc,
    box,
    circle,
    smooth,
)


def harbour(size: tuple[int, int]) -> Image.Image:
    """Two cranes, a trawler going home, the sun nearly down."""
    press = Press(size, "harbour")
    sky = press.plate(OCHRE, shift=(2, -3), grain=0.4)
    sun = press.plate(VERMILION, shift=(-4, 2))
    key = press.plate(PETROL)

    sky.fill(215)
    sky.shape(box(-20, 560, 1620, 1020), 0)
    sky.rays((620, 540), 270, 1300, 62, 17, 0, (180, 360))
    for plate, value in ((sky, 0), (sun, 255)):
        plate.shape([p for p in circle(620, 520, 190) if p[1] <= 562], value)
    sun.rows((440, 470, 800, 556), 22, 130, 7)
    key.shape(box(-20, 560, 1620, 1020))
    _swell(press, key)
    for i in range(11):
        half = 170 - i * 9 + (i % 3) * 22
        y = 590 + i * 36
        strip = [(620 - half, y), (620, y - 8), (620 + half * 0.9, y), (620, y + 8)]
        key.shape(strip, 0)
        sun.shape(strip)
    _crane(key, 1250, 560, 1.0)
    _crane(key, 1490, 560, 0.74)
    key.shape([(1060, 540), (1620, 520), (1620, 640), (1040, 610)])
    key.rows((1070, 560, 1630, 600), 20, 120, 6)
    _trawler(sky, sun, key)
    for x, y, wing in ((250, 224, 34), (342, 180, 28), (760, 130, 26)):
        left = [(x, y), (x - wing * 0.6, y - wing * 0.62), (x - wing * 1.5, y - wing * 0.3)]
        left += [(x - wing * 0.6, y - wing * 0.38)]
        key.shape(left, wobble=0.5)
        key.shape([(2 * x - px, py - 3) for px, py in left], wobble=0.5)
    return press.pull()


def _swell(press: Press, key: Plate) -> None:
    y = 582.0
    while y < 1000:
        depth = (y - 560) / 440
        x = press.rng.uniform(-120, 0)
        while x < 1600:
            run = 46 + 190 * depth * press.rng.uniform(0.6, 1.1)
            lift = 2 + 11 * depth
            for i in range(2):
                a, b = x + run * i / 2, x + run * (i + 1) / 2
                rise = -lift if i == 0 else lift
                key.gouge(
                    (a, y + (lift if i == 0 else -lift) * 0.5), (b, y + rise * 0.5), 4 + 9 * depth
                )
            x += run * press.rng.uniform(1.15, 1.6)
        y += 11 + 31 * depth


def _crane(key: Plate, x: float, base: float, k: float) -> None:
    def at(*points: Point) -> list[Point]:
        return [(x + px * k, base + py * k) for px, py in points]

    for a, b in (((-70, 0), (-34, -260)), ((70, 0), (34, -260))):
        key.stroke(at(a, b), 15 * k)
    key.stroke(at((-62, -60), (62, -60)), 8 * k)
    key.stroke(at((-62, -60), (46, -170)), 6 * k)
    key.stroke(at((62, -60), (-46, -170)), 6 * k)
    key.shape(at((-62, -330), (62, -330), (62, -256), (-62, -256)))
    key.shape(at((-40, -312), (-6, -312), (-6, -284), (-40, -284)), 0)
    key.stroke(at((30, -326), (-330, -500)), 12 * k)
    key.stroke(at((20, -326), (20, -470)), 9 * k)
    key.stroke(at((20, -470), (-330, -500)), 4 * k)
    key.stroke(at((20, -470), (110, -300)), 5 * k)
    key.shape(at((70, -318), (140, -318), (140, -262), (70, -262)))
    key.stroke(at((-326, -500), (-326, -210)), 4 * k)
    key.stroke(at((-340, -208), (-326, -222), (-312, -208)), 5 * k)


def _trawler(sky: Plate, sun: Plate, key: Plate) -> None:
    hull = [(150, 640), (200, 662), (400, 664), (476, 618), (452, 734), (190, 734), (164, 700)]
    key.shape(
        [(138, 628), (200, 650), (396, 652), (494, 600), (464, 748), (180, 748), (150, 706)], 0
    )
    sun.shape(hull)
    key.shape([(160, 694), (464, 690), (454, 734), (190, 734)])
    house = box(214, 570, 306, 656)
    for plate in (sky, sun, key):
        plate.shape(house, 0)
    key.shape(box(206, 562, 314, 574))
    key.stroke([(214, 574), (214, 652)], 7)
    key.stroke([(306, 574), (306, 652)], 7)
    for x in (236, 266):
        key.shape(box(x, 590, x + 20, 618))
    key.stroke([(384, 652), (384, 452)], 8)
    key.stroke([(260, 562), (260, 486)], 6)
    key.stroke([(384, 456), (474, 606)], 3)
    key.stroke([(384, 456), (300, 562)], 3)
    key.stroke([(384, 520), (330, 470)], 5)


def fish(size: tuple[int, int]) -> Image.Image:
    """A large fish and a small one, seen at the moment before."""
    press = Press(size, "fish")
    sea = press.plate(SAGE, shift=(3, 2))
    red = press.plate(VERMILION, shift=(-3, 3))
    key = press.plate(NIGHT)

    sea.fill()
    sea.rows((-30, 20, 1630, 990), 31, 170, 8, skip=0.3)
    body: list[Point] = [
        (330, 500), (380, 380), (500, 268), (690, 196), (900, 186), (1090, 238), (1216, 330),
        (1300, 404), (1196, 492), (1296, 606), (1200, 690), (1050, 772), (860, 806), (660, 782),
        (490, 708), (384, 612),
    ]  # fmt: skip
    tail = smooth([(364, 500), (270, 440), (70, 262), (70, 262), (70, 262), (120, 500), (66, 746),
                   (66, 746), (66, 746), (266, 566)], 6)  # fmt: skip
    jaws = body[7:10]
    body = smooth([p for p in body for _ in range(2 if p in jaws else 1)], 6)
    halo = [(x + (x - 760) * 0.035, y + (y - 500) * 0.05) for x, y in body]
    sea.shape(halo, 0)
    sea.shape([(x - 8, y + (y - 500) * 0.06) for x, y in tail], 0)
    key.shape(tail)
    fins = (
        [(600, 226), (690, 110), (800, 76), (930, 90), (968, 120), (1000, 210), (800, 260)],
        [(620, 776), (690, 880), (800, 912), (830, 900), (810, 780), (720, 740)],
    )
    for fin in fins:
        sea.shape([(x + (x - 800) * 0.06, y + (y - 500) * 0.03) for x, y in smooth(fin)], 0)
        key.shape(smooth(fin))
    key.shape(body)
    for i in range(7):
        key.gouge((96 + i * 4, 320 + i * 60), (300, 470 + i * 10), 10)
        key.gouge((700 + i * 38, 190), (760 + i * 30, 112 + abs(i - 4) * 8), 7)
        key.gouge((690 + i * 16, 800), (716 + i * 14, 872), 7)
    _scales(key)
    gill = arc(1010, 492, 70, 210, -82, 82)
    key.stroke(gill, 12, 0)
    key.shape(circle(1120, 372, 38), 0)
    key.shape(circle(1128, 374, 20))
    mouth = [(1300, 404), (1196, 492), (1296, 606)]
    key.stroke(mouth, 10, 0)
    for t in range(5):
        x, y = 1282 - t * 20, 420 + t * 17
        key.shape([(x, y), (x + 18, y - 14), (x + 16, y + 20)], 0, wobble=0)
    for i in range(6):
        key.gouge((1080 + i * 6, 560 + i * 28), (1190 - i * 12, 590 + i * 24), 7)
    _small(sea, red, key)
    for x, y, r in ((1380, 330, 22), (1424, 262, 14), (1404, 206, 9)):
        sea.shape(circle(x, y, r), 0)
        key.stroke(circle(x, y, r), 5)
    return press.pull()


def _scales(key: Plate) -> None:
    for column in range(15):
        x = 400 + column * 40
        half = 270 * math.sin(math.pi * min(1, max(0.06, (x - 330) / 900))) ** 0.7
        rows = int(half / 27)
        for row in range(-rows + 1, rows):
            y = 496 + row * 48 + (24 if column % 2 else 0)
            if abs(y - 496) > half - 26:
                continue
            key.stroke(arc(x, y, 25, 22, -68, 68), 6, 0)


def _small(sea: Plate, red: Plate, key: Plate) -> None:
    body = [*arc(1440, 508, 66, 38, 150, 510)]
    tail = [(1390, 508), (1336, 474), (1350, 508), (1336, 544)]
    sea.shape([*arc(1440, 508, 78, 50, 150, 510)], 0)
    sea.shape([(1390, 508), (1320, 456), (1338, 508), (1320, 562)], 0)
    for part in (body, tail):
        red.shape(part)
    key.shape(circle(1476, 498, 7))
    for i in range(4):
        red.gouge((1400 + i * 16, 520), (1408 + i * 16, 494), 6)


def bridge(size: tuple[int, int]) -> Image.Image:
    """A stone bridge, its own reflection, and the other bank."""
    press = Press(size, "bridge")
    sky = press.plate(ROSE, shift=(3, 2))
    water = press.plate(SAGE, shift=(-2, 3))
    key = press.plate(PETROL)

    sky.fill(0)
    sky.shape(box(-20, -20, 1620, 560))
    sky.rows((-30, 30, 1630, 400), 36, 220, 8, skip=0.3)
    sky.shape(circle(400, 196, 90), 0)
    water.shape(box(-20, 560, 1620, 1020))
    hills = [
        (-20, 430), (160, 380), (330, 404), (560, 340), (760, 388), (1000, 318), (1240, 372),
        (1420, 330), (1620, 366), (1620, 566), (-20, 566),
    ]  # fmt: skip
    sky.shape(hills, 0)
    water.shape(hills)
    _poplars(sky, water, key)
    _arches(sky, water, key)
    for i in range(11):
        y = 600 + i * 40
        water.rows((-30, y, 1630, y), 40, 200, 6 + i * 0.6, skip=0.25)
        key.rows((180, y + 12, 1420, y + 12), 40, 150, 6 + i * 0.5, skip=0.2)
    return press.pull()


def _arches(sky: Plate, water: Plate, key: Plate) -> None:
    deck = [(x, 366 + ((x - 800) / 800) ** 2 * 74) for x in range(-40, 1681, 40)]
    stone: list[Point] = [*deck, (1680, 566), (-40, 566)]
    edge = [(x, y - 9) for x, y in deck]
    for plate in (sky, water, key):
        plate.shape([*edge, (1680, 570), (-40, 570)], 0)
    key.shape(stone)
    key.shape([(x, 572 + (566 - y) * 0.94) for x, y in stone])
    for x, rx, ry in ((236, 168, 96), (800, 230, 150), (1364, 168, 96)):
        for plate, value in ((key, 0), (sky, 255), (water, 0)):
            plate.shape(arc(x, 566, rx, ry, 180, 360, 90), value)
        key.shape(arc(x, 572, rx, ry * 0.94, 0, 180, 90), 0)
        water.shape(arc(x, 572, rx, ry * 0.94, 0, 180, 90))
        sky.rows((x - rx * 0.5, 566 - ry * 0.6, x + rx * 0.6, 556), 30, 120, 6)
        key.stroke(arc(x, 566, rx + 34, ry + 32, 184, 356), 6, 0)
        inner, outer = (
            arc(x, 566, rx + 4, ry + 4, 188, 352, 14),
            arc(x, 566, rx + 32, ry + 30, 188, 352, 14),
        )
        for a, b in zip(inner, outer, strict=True):
            key.stroke([a, b], 4, 0)
    key.stroke([(x, y + 40) for x, y in deck], 6, 0)
    for i, (x, y) in enumerate(deck):
        if i % 2:
            key.gouge((x - 4, y + 26), (x + 44, y + 26), 5)


def _poplars(sky: Plate, water: Plate, key: Plate) -> None:
    for x, top, wide in ((1030, 128, 32), (1106, 70, 38), (1190, 146, 31), (1272, 104, 35)):
        tree = smooth([(x, top), (x + wide * 0.7, top + 110), (x + wide, top + 230), (x, 420),
                       (x - wide, top + 230), (x - wide * 0.7, top + 110)])  # fmt: skip
        for plate in (sky, water):
            plate.shape([(px + (px - x) * 0.14, py - 4) for px, py in tree], 0)
        key.shape(tree)
        for i in range(9):
            y, side = top + 60 + i * 26, 1 if i % 2 else -1
            key.gouge((x + side * 4, y + 34), (x + side * (10 + i), y - 6), 7)

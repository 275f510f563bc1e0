"""Prints of a scale and of a winter night."""

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
    turned,
)


def scale(size: tuple[int, int]) -> Image.Image:
    """A day weighed against coins."""
    press = Press(size, "scale")
    ground = press.plate(SAGE, shift=(2, 3))
    sun = press.plate(VERMILION, shift=(-3, 2))
    key = press.plate(PETROL)

    ground.fill()
    ground.rays((800, 210), 250, 1250, 92, 15)
    pivot = (800.0, 232.0)
    ends: list[Point] = turned([(386, 232), (1214, 232)], pivot, 5)
    beam = turned(
        [(372, 222), (760, 206), (800, 196), (840, 206), (1228, 222), (1228, 238), (800, 252),
         (372, 238)],
        pivot,
        5,
    )  # fmt: skip
    for plate in (ground,):
        plate.shape(box(-20, 862, 1620, 1020), 0)
    key.shape(box(-20, 872, 1620, 1020))
    key.rows((-30, 900, 1630, 990), 24, 250, 7)
    key.shape([(776, 250), (824, 250), (842, 790), (758, 790)])
    key.shape([(640, 876), (668, 826), (744, 786), (856, 786), (932, 826), (960, 876)])
    key.rows((690, 836, 910, 850), 18, 90, 6)
    key.gouge((790, 300), (782, 770), 8)
    key.shape(beam)
    key.shape(circle(800, 214, 40))
    key.shape(circle(800, 214, 17), 0)
    key.shape([(788, 176), (800, 104), (812, 176)])
    for (x, y), low in zip(ends, (632, 700), strict=True):
        key.shape(circle(x, y, 17))
        for side in (-172, 172):
            key.stroke([(x, y), (x + side, low)], 5)
        pan = [(x - 204, low), (x + 204, low), *arc(x, low, 190, 74, 0, 180)]
        ground.shape(pan, 0)
        key.shape(pan)
        for i in range(7):
            key.gouge((x - 130 + i * 38, low + 18), (x - 96 + i * 32, low + 52 - abs(i - 3) * 6), 7)
    left, right = ends
    for plate in (ground, key):
        plate.shape(circle(left[0], 632 - 122, 118, 40), 0, wobble=0)
    sun.shape(circle(left[0], 632 - 122, 112))
    sun.rays((left[0], 510), 40, 96, 16, 13)
    _coins(ground, sun, key, right[0], 700)
    return press.pull()


def _coins(ground: Plate, sun: Plate, key: Plate, x: float, base: float) -> None:
    for column, (dx, height) in enumerate(((-92, 4), (0, 7), (92, 5))):
        for i in range(height):
            y = base - 14 - i * 27
            nudge = ((column * 7 + i * 5) % 5 - 2) * 2.4
            rim = arc(x + dx + nudge, y, 45, 12, 0, 180)
            coin = [*rim, *arc(x + dx + nudge, y - 20, 45, 12, 180, 360)]
            for plate in (ground, key):
                plate.shape(coin, 0)
            key.stroke([*coin, coin[0]], 5)
        top = base - 14 - (height - 1) * 27 - 20
        sun.shape(arc(x + dx, top, 42, 11, 0, 360))
        key.stroke(arc(x + dx, top, 45, 12, 0, 360), 5)


def window(size: tuple[int, int]) -> Image.Image:
    """One lamp still lit in a house on a winter night."""
    press = Press(size, "window")
    light = press.plate(OCHRE, shift=(3, 2))
    rose = press.plate(ROSE, shift=(-3, 2))
    key = press.plate(NIGHT)

    key.fill()
    key.rows((-30, 24, 1630, 330), 30, 170, 7, skip=0.35)
    key.shape(circle(1290, 170, 88), 255)
    key.shape(circle(1290, 170, 74), 0)
    light.shape(circle(1290, 170, 74), 110)
    facade = [(300, 1010), (300, 400), (560, 190), (820, 400), (820, 1010)]
    key.shape(
        [(276, 400), (560, 166), (844, 400), (820, 412), (820, 1010), (300, 1010), (300, 412)]
    )
    rose.shape(facade)
    key.shape(facade, 0)
    _bricks(press, rose)
    next_door = [(820, 1010), (820, 520), (1180, 520), (1230, 470), (1600, 470), (1600, 1010)]
    key.shape(next_door)
    key.shape([(816, 506), (1176, 506), (1236, 452), (1630, 452), (1630, 472), (1246, 472),
               (1184, 526), (816, 526)], 0)  # fmt: skip
    key.rows((840, 560, 1630, 1000), 44, 120, 6, skip=0.55)
    for plate, value in ((key, 0), (rose, 255)):
        plate.shape([(684, 270), (684, 132), (756, 132), (756, 336)], value)
        plate.shape(box(674, 112, 766, 138), value)
    for i in range(5):
        rose.gouge((690 + (i % 2) * 30, 158 + i * 22), (722 + (i % 2) * 30, 158 + i * 22), 5)
    for plate in (key, rose):
        plate.shape(smooth([(670, 116), (692, 98), (724, 104), (750, 96), (770, 116)], 5), 0)
    _smoke(key)
    roof = [(248, 424), (560, 152), (872, 424), (846, 440), (560, 196), (274, 440)]
    key.shape(roof, 0)
    rose.shape(roof, 0)
    light.shape(roof, 0)
    for x, y in ((372, 500), (626, 500), (372, 770), (626, 770)):
        lit = (x, y) == (626, 500)
        _pane(light, rose, key, x, y, lit=lit)
    for x, y in ((930, 620), (1090, 620), (1330, 580), (1480, 580), (930, 820), (1330, 800)):
        key.shape(box(x, y, x + 84, y + 124), 0)
        key.shape(box(x + 7, y + 7, x + 77, y + 117))
    _snow(press, key, rose)
    return press.pull()


def _smoke(key: Plate) -> None:
    for i in range(6):
        x = 716 + i * 16 + (10 if i % 2 else -6)
        key.gouge((x - 16, 88 - i * 20), (x + 30 + i * 6, 80 - i * 20), 9 - i)


def _bricks(press: Press, rose: Plate) -> None:
    for row in range(25):
        y = 424 + row * 24
        for column in range(14):
            if press.rng.random() < 0.3:
                x = 304 + column * 37 + (18 if row % 2 else 0)
                rose.gouge((x, y), (x + 30, y), 5)


def _pane(light: Plate, rose: Plate, key: Plate, x: float, y: float, *, lit: bool) -> None:
    frame = box(x - 12, y - 12, x + 134, y + 190)
    rose.shape(frame, 0)
    light.shape(frame, 0)
    key.shape(frame, 0)
    (light if lit else key).shape(box(x, y, x + 122, y + 178))
    for bar in (box(x + 57, y, x + 65, y + 178), box(x, y + 74, x + 122, y + 82)):
        (light if lit else key).shape(bar, 0)
    if lit:
        lamp = [(x + 42, y + 84), (x + 80, y + 84), (x + 98, y + 130), (x + 24, y + 130)]
        light.shape(lamp)
        key.shape(lamp)
        key.stroke([(x + 61, y + 130), (x + 61, y + 168)], 8)
        key.shape(box(x + 34, y + 164, x + 88, y + 178))
    else:
        key.gouge((x + 14, y + 60), (x + 48, y + 16), 6)
        key.gouge((x + 78, y + 150), (x + 108, y + 110), 6)
    key.shape(box(x - 22, y + 188, x + 144, y + 200))


def _snow(press: Press, key: Plate, rose: Plate) -> None:
    for _ in range(150):
        x, y = press.rng.uniform(0, 1600), press.rng.uniform(0, 980)
        flake = circle(x, y, press.rng.uniform(3, 7.5), 9)
        key.shape(flake, 0, wobble=0.6)
        rose.shape(flake, 0, wobble=0.6)

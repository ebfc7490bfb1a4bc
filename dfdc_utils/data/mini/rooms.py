"""Backgrounds: rooms and places outdoors in muted colours, out of focus."""

import cv2
import numpy as np

from dfdc_utils.data.mini.shapes import blur, noise

_WALLS = (
    (196, 188, 174), (168, 174, 172), (150, 158, 166), (180, 166, 148), (132, 138, 132),
    (120, 116, 118), (206, 202, 196), (112, 122, 134), (164, 148, 138), (140, 148, 130),
)
_WOOD = ((110, 78, 54), (78, 56, 42), (146, 112, 80), (60, 48, 42))
_MUTED = (
    (96, 60, 54), (60, 78, 96), (88, 96, 74), (140, 118, 86), (70, 66, 72),
    (168, 158, 144), (112, 88, 96), (52, 70, 66), (130, 84, 60),
)
_LEAVES = ((58, 82, 50), (76, 98, 58), (46, 66, 46), (96, 110, 66))


def background(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A still background, uint8 RGB, with a margin for a camera in a hand already in its size."""
    canvas = np.empty((height, width, 3), np.float32)
    (_outdoors if rng.uniform() < 0.3 else _indoors)(rng, canvas)
    canvas = blur(canvas, height * rng.uniform(0.006, 0.028))
    grain = noise(rng, height, width, max(1.0, height / 180))
    canvas *= (1 + 0.012 * grain)[..., None]
    return np.clip(canvas, 0, 255).astype(np.uint8)


def _pick(rng, colors, spread=0.04) -> np.ndarray:
    color = np.array(colors[rng.integers(len(colors))])
    return color * rng.uniform(1 - spread, 1 + spread, 3) * rng.uniform(0.85, 1.12)


def _box(canvas, x0, y0, x1, y1, color) -> None:
    """A filled rectangle, its corners given as fractions of the canvas."""
    height, width = canvas.shape[:2]
    first, last = (int(x0 * width), int(y0 * height)), (int(x1 * width), int(y1 * height))
    cv2.rectangle(canvas, first, last, np.asarray(color).tolist(), -1)


def _indoors(rng, canvas) -> None:
    height, width = canvas.shape[:2]
    wall = _pick(rng, _WALLS)
    canvas[:] = wall
    canvas *= (1 + 0.03 * noise(rng, height, width, height / 3))[..., None]
    furniture = (_shelf, _window, _pictures, _door, _curtain, _plant, _panels)
    for furnish in rng.permutation(furniture)[: rng.integers(1, 4)]:
        furnish(rng, canvas)
    if rng.uniform() < 0.5:
        _sofa(rng, canvas)
    # A lamp or a window somewhere: light falls off across the wall.
    lit_x, lit_y = rng.uniform(-0.3, 1.3), rng.uniform(-0.5, 0.6)
    x, y = np.arange(width) / width, np.arange(height)[:, None] / height
    canvas *= (0.72 + 0.42 * np.exp(-((x - lit_x) ** 2 + (y - lit_y) ** 2) / 0.8))[..., None]


def _outdoors(rng, canvas) -> None:
    height, width = canvas.shape[:2]
    y = np.arange(height, dtype=np.float32)[:, None, None] / height
    sky = np.array([(158, 178, 198), (190, 194, 198), (204, 188, 170)][rng.integers(3)], np.float32)
    canvas[:] = sky * (0.88 + 0.2 * y)
    horizon = rng.uniform(0.35, 0.75)
    for _ in range(rng.integers(2, 7)):
        x0 = rng.uniform(-0.1, 0.95)
        top = horizon - rng.uniform(0.08, 0.5)
        if rng.uniform() < 0.5:
            wall, right = _pick(rng, _WALLS), x0 + rng.uniform(0.12, 0.35)
            _box(canvas, x0, top, right, 1, wall)
            for column in np.arange(x0 + 0.02, right - 0.03, 0.05):
                for row in np.arange(top + 0.04, horizon, 0.12):
                    _box(canvas, column, row, column + 0.022, row + 0.06, wall * 0.55)
        else:
            _box(canvas, x0 - 0.012, top + 0.1, x0 + 0.012, horizon + 0.04, _pick(rng, _WOOD))
            _foliage(rng, canvas, x0, top, rng.uniform(0.1, 0.25), horizon - rng.uniform(-0.05, 0.08))
    ground = _pick(rng, ((120, 116, 108), (98, 108, 76), (134, 126, 114)))
    below = y[:, 0, 0] > horizon
    canvas[below] = ground * (0.85 + 0.3 * (y[below] - horizon))
    canvas[below] *= (1 + 0.06 * noise(rng, int(below.sum()), width, height / 20))[..., None]


def _foliage(rng, canvas, x, top, reach, bottom) -> None:
    """A crown or a bush: leaves about a middle, dark inside and lit from above."""
    height, width = canvas.shape[:2]
    leaf = _pick(rng, _LEAVES, 0.1)
    for _ in range(260):
        angle, r = rng.uniform(0, 2 * np.pi), np.sqrt(rng.uniform())
        across, down = r * np.cos(angle), r * np.sin(angle)
        down_at = (top + bottom) / 2 + (bottom - top) / 2 * down
        middle = int((x + reach * 0.6 * across) * width), int(down_at * height)
        radius = int(height * rng.uniform(0.012, 0.035))
        cv2.circle(canvas, middle, radius, (leaf * (1 - 0.25 * down) * rng.uniform(0.75, 1.2)).tolist(), -1)


def _shelf(rng, canvas) -> None:
    x0 = rng.uniform(-0.1, 0.6)
    x1 = x0 + rng.uniform(0.25, 0.5)
    wood = _pick(rng, _WOOD)
    _box(canvas, x0, -0.1, x1, 1.1, wood * 0.6)
    pitch = rng.uniform(0.2, 0.3)
    for y in np.arange(-0.05, 1.1, pitch):
        _box(canvas, x0, y, x1, y + 0.03, wood)
        x = x0 + 0.01
        while x < x1 - 0.02:
            thick = rng.uniform(0.008, 0.028)
            if rng.uniform() < 0.88:
                tall = pitch * rng.uniform(0.5, 0.85)
                _box(canvas, x, y + pitch - tall, min(x + thick, x1), y + pitch, _pick(rng, _MUTED, 0.2))
            x += thick
    for x in (x0, x1):
        _box(canvas, x - 0.008, -0.1, x + 0.008, 1.1, wood)


def _window(rng, canvas) -> None:
    x0, y0 = rng.uniform(-0.05, 0.75), rng.uniform(-0.1, 0.15)
    x1, y1 = x0 + rng.uniform(0.2, 0.35), y0 + rng.uniform(0.45, 0.7)
    frame = np.array((206, 202, 194)) * rng.uniform(0.7, 1.05)
    _box(canvas, x0 - 0.015, y0 - 0.025, x1 + 0.015, y1 + 0.025, frame)
    _box(canvas, x0, y0, x1, y1, np.array((214, 222, 228)) * rng.uniform(0.8, 1.1))
    _box(canvas, x0, y0 + (y1 - y0) * 0.65, x1, y1, np.array((150, 164, 140)) * rng.uniform(0.8, 1.1))
    _box(canvas, (x0 + x1) / 2 - 0.006, y0, (x0 + x1) / 2 + 0.006, y1, frame)
    _box(canvas, x0, (y0 + y1) / 2 - 0.008, x1, (y0 + y1) / 2 + 0.008, frame)


def _pictures(rng, canvas) -> None:
    for _ in range(rng.integers(1, 4)):
        x0, y0 = rng.uniform(0, 0.9), rng.uniform(0.02, 0.35)
        x1, y1 = x0 + rng.uniform(0.06, 0.16), y0 + rng.uniform(0.14, 0.3)
        _box(canvas, x0 - 0.008, y0 - 0.014, x1 + 0.008, y1 + 0.014, _pick(rng, _WOOD))
        _box(canvas, x0, y0, x1, y1, (218, 212, 200))
        _box(canvas, x0 + 0.015, y0 + 0.03, x1 - 0.015, y1 - 0.03, _pick(rng, _MUTED))
        _box(canvas, x0 + 0.015, (y0 + y1) / 2, x1 - 0.015, y1 - 0.03, _pick(rng, _MUTED))


def _door(rng, canvas) -> None:
    x0 = rng.uniform(-0.05, 0.8)
    x1, wood = x0 + rng.uniform(0.18, 0.26), _pick(rng, (*_WOOD, (190, 184, 174)))
    _box(canvas, x0 - 0.015, 0.03, x1 + 0.015, 1.1, wood * 0.8)
    _box(canvas, x0, 0.06, x1, 1.1, wood)
    for y in (0.12, 0.55):
        _box(canvas, x0 + 0.03, y, x1 - 0.03, y + 0.34, wood * 0.88)


def _curtain(rng, canvas) -> None:
    height, width = canvas.shape[:2]
    x0 = rng.choice([rng.uniform(-0.1, 0.05), rng.uniform(0.75, 0.9)])
    columns = np.arange(int(max(0, x0) * width), int(min(1, x0 + rng.uniform(0.2, 0.3)) * width))
    ways = columns / width * rng.uniform(90, 160) + 2 * noise(rng, 1, len(columns), width / 12)[0]
    folds = 0.85 + 0.15 * np.sin(ways)
    canvas[:, columns] = _pick(rng, (*_WALLS, *_MUTED)) * folds[None, :, None]


def _plant(rng, canvas) -> None:
    x = rng.uniform(0.03, 0.97)
    _box(canvas, x - 0.04, 0.72, x + 0.04, 1.1, _pick(rng, ((150, 96, 70), (190, 186, 178), (80, 80, 84))))
    _foliage(rng, canvas, x, rng.uniform(0.25, 0.45), 0.09, 0.75)


def _panels(rng, canvas) -> None:
    wood, pitch = _pick(rng, (*_WOOD, *_WALLS)), rng.uniform(0.05, 0.12)
    for x in np.arange(-0.05, 1.05, pitch):
        _box(canvas, x, 0.45, x + pitch - 0.006, 1.1, wood * rng.uniform(0.93, 1.05))


def _sofa(rng, canvas) -> None:
    color, top = _pick(rng, _MUTED), rng.uniform(0.62, 0.8)
    x = rng.uniform(-0.3, 0.4)
    while x < 1.0:
        cushion = x + rng.uniform(0.3, 0.4)
        _box(canvas, x, top, cushion - 0.008, 1.1, color * rng.uniform(0.92, 1.05))
        x = cushion

"""Soft shapes and smooth noise: what faces, clothes and rooms are painted with. All arrays are float32."""

import cv2
import numpy as np


def bump(x, y, x0, y0, wide, high):
    """A Gaussian hill of height 1 at (x0, y0)."""
    return np.exp(-0.5 * (((x - x0) / wide) ** 2 + ((y - y0) / high) ** 2))


def step(value, low, high):
    """0 below `low`, 1 above `high` (or the other way round), smooth in between."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def paint(canvas, color, cover):
    """Lays `color` (3 numbers or an array like `canvas`) over `canvas` in place; `cover` is 0 to 1."""
    canvas += (np.asarray(color, np.float32) - canvas) * cover[..., None]


def tint(canvas, color, cover):
    """Multiplies `canvas` in place by `color` (3 factors or one) where `cover` is 1."""
    canvas *= 1.0 + (np.asarray(color, np.float32) - 1.0) * cover[..., None]


def by_color(canvas):
    """`canvas` with each colour by itself in memory: `paint` and `tint` are several times as fast on it."""
    return np.ascontiguousarray(canvas.transpose(2, 0, 1)).transpose(1, 2, 0)


def blend(target, layer, cover):
    """Lays `layer` over `target` in place, both uint8 images; `cover` (float32) is 0 to 1."""
    target[:] = cv2.blendLinear(layer, target, cover, 1.0 - cover)


def noise(rng, height, width, cell):
    """Smooth noise about 0 with a standard deviation near 1; `cell` is the size of its blobs in pixels."""
    rows, columns = int(height / cell) + 3, int(width / cell) + 3
    grid = rng.standard_normal((rows, columns), np.float32)
    return cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)


def curve(rng, seconds, period):
    """A smooth curve through random knots `period` seconds apart, about -1 to 1, at the times `seconds`."""
    knots = int(seconds[-1] / period) + 4
    values = rng.uniform(-1.0, 1.0, knots)
    at = np.asarray(seconds) / period + rng.uniform(0.0, 1.0)
    left = at.astype(int)
    t = at - left
    t = t * t * (3.0 - 2.0 * t)
    return values[left] * (1.0 - t) + values[left + 1] * t


def blur(image, sigma):
    """Gaussian blur with its edges replicated; a sigma of 0 leaves `image` as it is."""
    if sigma <= 0:
        return image
    return cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)

"""What stays on a face: skin with its marks, beard, ears, glasses. Painted once, on the (v, phi) grid."""

import numpy as np

from dfdc_utils.data.mini.geometry import HeadShape
from dfdc_utils.data.mini.hair import hairline
from dfdc_utils.data.mini.shapes import blur, bump, noise, paint, step, tint

_FLUSHED = np.array([1.02, 0.88, 0.87], np.float32)


def skin(shape: HeadShape, hairs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Float32 RGB, 0 to 255, unlit, without eyes and mouth; `hairs` is the noise that lets beards bristle."""
    i, unit = shape.identity, shape.unit
    x, v, side = shape.x, shape.v, np.abs(shape.x)
    nose = i.eye_y + i.nose_length
    canvas = np.tile(i.skin, (shape.rows, shape.columns, 1)).astype(np.float32)
    mottle = sum(
        noise(rng, shape.rows, shape.columns, unit * cell) * weight
        for cell, weight in ((0.03, 0.010), (0.09, 0.014), (0.3, 0.018))
    )
    canvas *= (1.0 + mottle)[..., None]
    tint(canvas, _FLUSHED, 0.6 * bump(side, v, 0.38, i.eye_y + 0.3, 0.16, 0.13))
    tint(canvas, _FLUSHED, 0.6 * bump(x, v, 0, nose - 0.02, 0.1, 0.07))
    tint(canvas, 1.05, bump(x, v, 0, -0.4, 0.3, 0.12) + 0.7 * bump(x, v, 0, 0.86, 0.1, 0.07))
    # Around the eyes: shadows below, lids above.
    tired = 0.7 * bump(side, v, i.eye_gap, i.eye_y + 0.1, 0.12, 0.035) * (0.5 + i.age)
    tint(canvas, (0.9, 0.84, 0.84), tired)
    tint(canvas, (0.84, 0.74, 0.72), 0.7 * bump(side, v, i.eye_gap, i.eye_y - 0.05, 0.15, 0.07))
    # Nostrils, the edges of the nose's wings, the groove under it.
    tint(canvas, 0.3, 0.95 * bump(side, v, i.nose_width * 0.42, nose + 0.045, 0.036, 0.019))
    tint(canvas, 0.75, 0.7 * bump(side, v, i.nose_width * 1.02, nose + 0.005, 0.016, 0.045))
    tint(canvas, 0.74, bump(x, v, 0, nose + 0.068, 0.12, 0.025))
    tint(canvas, 0.92, bump(x, v, 0, (nose + i.mouth_y) / 2 + 0.02, 0.025, 0.05))
    _wrinkles(canvas, shape, nose)
    if i.freckles:
        spots = noise(rng, shape.rows, shape.columns, max(1.0, unit * 0.022)) > 1.5
        tint(canvas, (0.80, 0.70, 0.62), 0.8 * i.freckles * spots * bump(x, v, 0, i.eye_y + 0.22, 0.34, 0.14))
    if i.mole:
        tint(canvas, 0.4, bump(x, v, *i.mole, 0.016, 0.016) * (np.cos(shape.phi) > 0))
    if i.beard:
        _beard(canvas, shape, hairs, nose)
    _ears(canvas, shape)
    if i.hair_style not in ("bald", "scarf"):
        # Scalp under the hair, so that no skin shows where the hair stands off.
        line = np.minimum(hairline(i, shape.phi), 0.25)
        tint(canvas, 0.8, 0.8 * step(v, line + 0.10, line))
        paint(canvas, i.hair * 0.8, step(v, line + 0.03, line - 0.03))
    return blur(canvas, 0.006 * unit)


def occlusion(shape: HeadShape) -> np.ndarray:
    """How much of the light reaches the skin, 0 to 1: less under the chin and in the eyes' hollows."""
    i, side = shape.identity, np.abs(shape.x)
    hollows = bump(side, shape.v, i.eye_gap, i.eye_y - 0.07, 0.15, 0.06)
    return (1.0 - 0.22 * step(shape.v, 0.80, 1.0) - 0.10 * hollows).astype(np.float32)


def gloss(shape: HeadShape) -> np.ndarray:
    """How brightly the skin can shine, in grey levels: most on the forehead and the nose."""
    i = shape.identity
    oily = bump(shape.x, shape.v, 0, -0.35, 0.4, 0.25)
    oily += bump(shape.x, shape.v, 0, i.eye_y + i.nose_length - 0.1, 0.1, 0.2)
    return ((30 + 14 * i.skin_tone) * (0.55 + 0.45 * oily) * step(shape.v, 0.98, 0.6)).astype(np.float32)


def glasses(shape: HeadShape) -> tuple[np.ndarray, np.ndarray]:
    """Float32 RGB and cover (0 to 1) of rims, bridge, arms and lenses."""
    i, front = shape.identity, np.cos(shape.phi) > 0
    u = (np.abs(shape.x) - i.eye_gap - 0.01) / 0.205
    v = (shape.v - i.eye_y - 0.03) / 0.175
    power = 2.0 if i.glasses == "round" else 5.0
    r = (np.abs(u) ** power + np.abs(v) ** power) ** (1 / power)
    rim = np.exp(-(((r - 1.0) / 0.075) ** 4)) * front
    bridge = 1.3 * bump(shape.x, shape.v, 0, i.eye_y - 0.03, 0.05, 0.018) * front
    beside = step(np.abs(shape.x), i.eye_gap + 0.20, i.eye_gap + 0.23)
    arms = np.exp(-(((shape.v - i.eye_y) / 0.02) ** 4)) * beside
    frame = np.clip(np.maximum(np.maximum(rim, bridge), arms), 0, 1)
    lens = step(r, 1.0, 0.9) * front
    color = np.tile(i.brow_color * 0.6 + 8, (shape.rows, shape.columns, 1)).astype(np.float32)
    paint(color, (235, 235, 235), lens * (1 - frame))
    return color, np.maximum(0.92 * frame, 0.06 * lens).astype(np.float32)


def _wrinkles(canvas, shape: HeadShape, nose: float) -> None:
    """Folds from nose to mouth, deeper with age, and lines on an old forehead."""
    i, v, side = shape.identity, shape.v, np.abs(shape.x)
    along = np.clip((v - nose) / (i.mouth_y - nose), 0, 1)
    fold = np.exp(-0.5 * ((side - i.nose_width * 1.05 - 0.13 * along) / 0.022) ** 2)
    fold = fold * step(v, nose - 0.03, nose + 0.06) * step(v, i.mouth_y + 0.03, i.mouth_y - 0.06)
    tint(canvas, 0.82, (0.25 + 0.6 * i.age) * fold)
    if i.age > 0.5:
        for y in (-0.34, -0.43, -0.52):
            line = np.exp(-0.5 * ((v - y + 0.02 * np.cos(3 * shape.x)) / 0.008) ** 2)
            tint(canvas, 0.86, (i.age - 0.4) * line * step(side, 0.42, 0.2))


def _beard(canvas, shape: HeadShape, hairs: np.ndarray, nose: float) -> None:
    i, v, side = shape.identity, shape.v, np.abs(shape.x)
    chin = step(v, i.mouth_y + 0.04, i.mouth_y + 0.16) * step(side, 0.5, 0.3)
    cheek_line = i.mouth_y - 0.06 - 0.5 * np.clip(side - 0.3, 0, 0.4) * (0.4 + i.beard_reach)
    cheeks = step(v, cheek_line, cheek_line + 0.14) * step(side, 0.24, 0.38) * i.beard_reach
    moustache = bump(side, v, 0.10, (nose + 0.06 + i.mouth_y) / 2, 0.10, 0.035)
    cover = np.maximum(np.maximum(chin, cheeks), 0.95 * moustache) * (np.cos(shape.phi) > -0.2)
    paint(canvas, i.hair * 0.7, cover * np.clip(0.75 + 0.35 * hairs, 0.2, 1.0) * (0.25 + 0.65 * i.beard))


def _ears(canvas, shape: HeadShape) -> None:
    r = np.sqrt(((np.abs(shape.phi) - 1.5) / 0.19) ** 2 + ((shape.v - 0.17) / 0.20) ** 2)
    paint(canvas, shape.identity.skin * np.array((0.97, 0.86, 0.84), np.float32), step(r, 1.05, 0.95))
    tint(canvas, 0.72, np.exp(-0.5 * ((r - 0.98) / 0.08) ** 2) + 0.7 * step(r, 0.55, 0.35))

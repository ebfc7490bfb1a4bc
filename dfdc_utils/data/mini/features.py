"""What moves in a face: eyes, brows and mouth, painted anew for every frame on small pieces of the texture.

Whatever does not depend on the expression is computed once: these two patches are drawn for every face of
every frame.
"""

from dataclasses import dataclass

import numpy as np

from dfdc_utils.data.mini.geometry import HeadShape
from dfdc_utils.data.mini.shapes import bump, paint, step, tint

_SCLERA, _PUPIL, _GLINT, _LASH = (232, 226, 221), (12, 10, 10), (250, 250, 248), (26, 18, 16)
_HOLLOW, _TONGUE, _TEETH = (58, 22, 22), (168, 88, 84), (228, 222, 210)
_IRIS_RADIUS = 0.064


@dataclass(frozen=True)
class Expression:
    """What a face does at one moment."""

    blink: float = 0.0
    """0 (open) to 1 (shut)."""
    gaze: tuple[float, float] = (0.0, 0.0)
    """-1 to 1: right and down in the image."""
    mouth_open: float = 0.0
    """0 to 1."""
    mouth_wide: float = 0.0
    """-1 (pursed, as for "oo") to 1 (spread, as for "ee")."""
    smile: float = 0.0
    """0 to 1."""
    brows: float = 0.0
    """-1 (frown) to 1 (raised)."""

    @property
    def jaw(self) -> float:
        """How far the chin is lowered, in head units."""
        return 0.10 * self.mouth_open


class _Patch:
    """A rectangle of the texture: |x| up to `reach`, v from `top` to `bottom`."""

    def __init__(self, shape: HeadShape, hairs: np.ndarray, reach: float, top: float, bottom: float):
        rows = np.flatnonzero((shape.v[:, 0] > top) & (shape.v[:, 0] < bottom))
        # The narrowest cross-section decides, so that the rectangle covers the reach everywhere.
        narrowest = shape.half_width(shape.v[rows, 0]).min()
        columns = np.flatnonzero(np.abs(shape.phi) < np.arcsin(min(0.95, reach / narrowest)))
        self.slices = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        self.identity, self.px = shape.identity, shape.unit
        self.x = np.ascontiguousarray(shape.x[self.slices])
        self.v = np.ascontiguousarray(np.broadcast_to(shape.v[rows], self.x.shape))
        self.hairs = np.ascontiguousarray(hairs[self.slices])

    def _soft(self, distance, sharpness: float = 1.0):
        """1 where `distance` (head units) is well above 0, 0 well below, an edge one texel wide."""
        return np.clip(distance * (self.px * sharpness) + 0.5, 0.0, 1.0)


class Eyes(_Patch):
    """Both eyes and brows at once, in one eye's own coordinates: u outwards, v down from its middle."""

    def __init__(self, shape: HeadShape, hairs: np.ndarray):
        i = shape.identity
        super().__init__(shape, hairs, 0.52, i.brow_y - 0.14, i.eye_y + 0.16)
        # Gaze goes the same way in both eyes, while u is mirrored.
        self._mirror = np.sign(self.x)
        self._u = np.abs(self.x) - i.eye_gap
        self._v = self.v - i.eye_y + i.eye_tilt * self._u
        self._t2 = np.minimum((self._u / i.eye_width) ** 2, 1.0)
        self._arch = i.eye_height * np.sqrt(1.0 - self._t2) * (1.0 - 0.25 * self._t2)
        beside = np.abs(self._u)
        self._within = step(beside, i.eye_width, i.eye_width * 0.96)
        self._lash_width = 0.015 + 0.012 * (1 - self._t2)
        self._lash_within = 0.95 * step(beside, i.eye_width * 1.08, i.eye_width)
        self._rim_within = 0.6 * step(beside, i.eye_width, i.eye_width * 0.9)
        bag = i.eye_height * (1.35 - 0.5 * self._t2)
        self._bag = np.exp(-(((self._v - bag) / 0.016) ** 2)) * step(self._t2, 1.0, 0.6)
        self._crease_within = 0.8 * step(self._t2, 1.0, 0.8)
        w = self._u / 0.19
        self._brow = self.v - (i.brow_y - i.brow_arch * np.cos(1.6 * (w - 0.25)) + i.brow_tilt * w)
        self._brow_thickness = i.brow_thickness * np.clip(1.1 - 0.45 * np.clip(w, -1, 1.2), 0.2, 1.5)
        bristles = np.clip(0.8 + 0.35 * self.hairs, 0.25, 1)
        self._brow_cover = 0.88 * step(np.abs(w - 0.05), 1.08, 0.8) * bristles

    def paint(self, canvas: np.ndarray, e: Expression) -> None:
        """Paints over `canvas`, float32 RGB of the whole texture."""
        i, canvas = self.identity, canvas[self.slices]
        v, t2 = self._v, self._t2
        opened = (1.0 - e.blink) * (1.0 - 0.18 * e.smile) * (1.0 + 0.12 * e.brows)
        top = self._arch * (0.62 - 1.62 * opened)
        bottom = self._arch * (0.62 - 0.12 * e.smile)
        below_lid = v - top

        crease = v + i.eye_height * (1.55 - 0.5 * e.blink) * (1.0 - 0.45 * t2)
        tint(canvas, 0.68, self._crease_within * np.exp(-((crease / 0.016) ** 2)))
        tint(canvas, 0.8, (0.15 + 0.35 * i.age + 0.3 * e.smile) * self._bag)
        if opened > 0.05:
            ball = self._ball(canvas, e, below_lid)
            opening = self._soft(below_lid) * self._soft(bottom - v) * self._within
            canvas += (ball - canvas) * opening[..., None]
        paint(canvas, _LASH, self._lash_within * np.exp(-((below_lid / self._lash_width) ** 2)))
        paint(canvas, i.skin * 0.45, self._rim_within * np.exp(-(((v - bottom) / 0.011) ** 2)))

        height = np.abs(self._brow + 0.045 * e.brows)
        paint(canvas, i.brow_color, self._brow_cover * np.clip(1.15 - height / self._brow_thickness, 0, 1))

    def _ball(self, canvas, e: Expression, below_lid) -> np.ndarray:
        i = self.identity
        ball = np.empty_like(canvas)
        ball[:] = _SCLERA
        # Du and dv from the iris's middle; the lid throws a shadow.
        du = self._u - e.gaze[0] * 0.045 * self._mirror
        dv = self._v - e.gaze[1] * 0.02 + 0.1 * i.eye_height
        r = np.sqrt(du * du + dv * dv) / _IRIS_RADIUS
        shadow = 1.0 - 0.45 * np.exp(-np.maximum(below_lid, 0) / (0.35 * i.eye_height)) - 0.2 * self._t2
        lit = 0.75 + 0.45 * np.clip(dv / _IRIS_RADIUS, -0.5, 1.0)
        paint(ball, i.iris, self._soft((1 - r) * _IRIS_RADIUS))
        ball *= (shadow * np.where(r < 1, lit * (1.0 - 0.5 * step(r, 0.75, 1.0)), 1.0))[..., None]
        paint(ball, _PUPIL, self._soft((0.44 - r) * _IRIS_RADIUS))
        glint = np.sqrt((du + 0.022 * self._mirror) ** 2 + (dv + 0.022) ** 2)
        paint(ball, _GLINT, self._soft(0.013 - glint))
        return ball


class Mouth(_Patch):
    """Lips, teeth, tongue, and the folds of a smile."""

    def __init__(self, shape: HeadShape, hairs: np.ndarray):
        i = shape.identity
        super().__init__(shape, hairs, 0.40, i.mouth_y - 0.16, min(i.mouth_y + 0.27, 0.94))
        self._nose = i.eye_y + i.nose_length
        along = np.clip((self.v - self._nose) / (i.mouth_y - self._nose), 0, 1.2)
        fold = np.exp(-0.5 * ((np.abs(self.x) - i.nose_width * 1.05 - 0.15 * along) / 0.02) ** 2)
        self._fold = 0.7 * fold * step(self.v, i.mouth_y + 0.04, i.mouth_y - 0.05)
        self._wrinkles = 1.0 + 0.05 * self.hairs
        self._tongue = 0.75 * step(self.v, i.mouth_y + 0.05, i.mouth_y + 0.12)

    def paint(self, canvas: np.ndarray, e: Expression) -> None:
        """Paints over `canvas`, float32 RGB of the whole texture."""
        i, canvas = self.identity, canvas[self.slices]
        x, v = self.x, self.v
        half = i.mouth_width * (1.0 + 0.13 * e.mouth_wide + 0.13 * e.smile - 0.06 * e.mouth_open)
        t = x / half
        beside = np.abs(t)
        t2 = np.minimum(t * t, 1.0)
        arch = np.sqrt(1.0 - t2)
        within = (beside < 1).astype(np.float32)
        lips = i.lips * (1.0 - 0.15 * e.mouth_wide - 0.12 * e.smile)
        line = i.mouth_y + 0.012 - (0.01 + 0.06 * e.smile) * t2 + 0.012 * np.exp(-((t / 0.2) ** 2))
        over = line - 0.03 * e.mouth_open * arch
        under = line + (0.004 + 0.115 * e.mouth_open) * arch
        # The dip in the upper lip is Cupid's bow.
        upper_edge = over - lips * 0.95 * arch * (1.0 - 0.2 * np.exp(-((t / 0.13) ** 2)))
        lower_edge = under + lips * 1.3 * arch

        below = i.mouth_y + 0.03 + lips * 1.9 + 0.115 * e.mouth_open
        tint(canvas, 0.78, 0.7 * bump(x, v, 0, below, 0.13, 0.022))
        tint(canvas, 0.6, 0.6 * bump(np.abs(x), v, half, i.mouth_y + 0.002 - 0.06 * e.smile, 0.022, 0.018))
        if e.smile > 0.05:
            tint(canvas, 0.8, e.smile * self._fold)
        lip = self._soft(v - upper_edge, 0.6) * self._soft(lower_edge - v, 0.6) * within
        light = 0.84 + 0.3 * np.exp(-(((v - under - lips * 0.55) / (lips * 0.4)) ** 2))
        paint(canvas, i.lip_color * (light * self._wrinkles)[..., None], 0.85 * lip)

        # Lips that touch meet in a dark line.
        meeting = np.exp(-(((v - (over + under) / 2) / 0.013) ** 2)) * step(beside, 1.02, 0.9)
        tint(canvas, (0.5, 0.4, 0.4), 0.75 * meeting)
        hollow = np.empty_like(canvas)
        hollow[:] = _HOLLOW
        paint(hollow, _TONGUE, self._tongue * step(beside, 0.8, 0.4))
        teeth = self._soft(over + 0.055 - v) * step(beside, 0.92, 0.75) * (0.75 + 0.25 * np.cos(t * 22) ** 2)
        paint(hollow, _TEETH, teeth * min(1.0, 2.5 * e.mouth_open))
        canvas += (hollow - canvas) * (self._soft(v - over) * self._soft(under - v) * within)[..., None]

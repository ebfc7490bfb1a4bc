"""A face, painted: skin and features that stay, eyes and mouth that move, and light on them."""

from dataclasses import dataclass

import cv2
import numpy as np

from dfdc_utils.data.mini.geometry import HeadShape, Pose, Region, coarse_grid, refine, region
from dfdc_utils.data.mini.hair import hairline
from dfdc_utils.data.mini.identities import Identity
from dfdc_utils.data.mini.shapes import blur, bump, noise, paint, step, tint

FACE_BOX = (-0.95, -1.1, 0.95, 1.3)


@dataclass(frozen=True)
class Light:
    """One lamp and the light that is everywhere. The direction points to the lamp: x right, y down, z to us."""

    direction: tuple[float, float, float]
    key: float
    ambient: float
    color: tuple[float, float, float]


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
        return 0.10 * self.mouth_open


class _Patch:
    """A rectangle of the texture, with its coordinates, that is painted anew for every frame."""

    def __init__(self, shape: HeadShape, x_reach: float, v_low: float, v_high: float):
        rows = np.flatnonzero((shape.v[:, 0] > v_low) & (shape.v[:, 0] < v_high))
        # The widest row decides, so that the rectangle covers x_reach everywhere.
        reach = np.arcsin(min(0.95, x_reach / shape.half_width(np.float32(v_high if v_high > 0.3 else 0.0))))
        columns = np.flatnonzero(np.abs(shape.phi) < reach)
        self.slices = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        self.x = np.ascontiguousarray(shape.x[self.slices])
        self.v = np.ascontiguousarray(np.broadcast_to(shape.v, shape.x.shape)[self.slices])


class Face:
    """The front of one head: a texture for every expression, and where it lies in a frame."""

    def __init__(self, identity: Identity, unit: int):
        """`unit`: pixels of texture per head unit; about the scale at which the face will be seen."""
        self.identity = identity
        self.shape = HeadShape(identity, unit)
        self._rng = np.random.default_rng([*identity.seed, 1])
        self._hairs = noise(self._rng, self.shape.rows, self.shape.columns, max(1.0, unit / 50))
        self._skin = self._paint_skin()
        self._eyes = _Patch(self.shape, 0.56, identity.brow_y - 0.16, identity.eye_y + 0.2)
        self._mouth = _Patch(self.shape, 0.42, identity.mouth_y - 0.16, min(identity.mouth_y + 0.27, 0.95))
        self._glasses = self._paint_glasses()

    def texture(self, expression: Expression, light: Light, pose: Pose) -> np.ndarray:
        """The lit face as uint8 RGB on the (v, phi) grid."""
        color = self._skin.copy()
        eyes, mouth = color[self._eyes.slices], color[self._mouth.slices]
        self._paint_eyes(eyes, expression)
        self._paint_mouth(mouth, expression)
        if self._glasses is not None:
            paint(color, self._glasses[..., :3], self._glasses[..., 3])
        shade, shine = self._shading(light, pose)
        color *= (shade[..., None] * np.float32(light.color)) if light.color != (1.0, 1.0, 1.0) else shade[..., None]
        color += shine[..., None]
        return cv2.convertScaleAbs(np.maximum(color, 0.0, out=color))

    def lookup(self, pose: Pose, width: int, height: int) -> "Lookup | None":
        """Where the face lies in a frame of the given size; None if it is out of view."""
        where = region(pose, FACE_BOX, width, height)
        if where is None:
            return None
        cell = max(2, round(pose.scale / 36))
        columns, rows, outline = self.shape.locate(pose, *coarse_grid(pose, where, cell))
        inside = refine((1.0 - outline) * np.float32(0.8 * pose.scale), where, cell)
        return Lookup(
            where, refine(columns, where, cell), refine(rows, where, cell), np.clip(inside + 0.5, 0.0, 1.0)
        )

    def draw_ears(self, frame: np.ndarray, light: Light, pose: Pose) -> None:
        """The rims of the ears that stand out behind the face's outline."""
        color = self.identity.skin * np.float32((0.72, 0.62, 0.60)) * np.float32(light.color)
        for side in (-1, 1):
            lit = light.ambient + light.key * max(0.0, 0.3 + 0.7 * side * light.direction[0])
            x = (self.identity.width + 0.015) * np.sin(side * 1.45 - pose.yaw)
            y = 0.17 - 0.3 * np.sin(pose.pitch)
            c, s = np.cos(pose.roll), np.sin(pose.roll)
            middle = pose.x + pose.scale * (c * x - s * y), pose.y + pose.scale * (s * x + c * y)
            # Positions in sixteenths of a pixel, or the ears would jump from pixel to pixel.
            cv2.ellipse(
                frame, [round(16 * m) for m in middle], [round(16 * pose.scale * r) for r in (0.075, 0.19)],
                np.degrees(pose.roll) - 6 * side, 0, 360, np.clip(color * lit, 0, 255).tolist(), -1, cv2.LINE_AA, 4,
            )

    def landmarks(self, pose: Pose) -> np.ndarray:
        """(5, 2) pixels: left eye, right eye, nose, left and right corner of the mouth, as seen in the image."""
        i = self.identity
        mouth = i.mouth_width * 0.95
        return self.shape.project(
            pose,
            [(-i.eye_gap, i.eye_y), (i.eye_gap, i.eye_y), (0, i.eye_y + i.nose_length - 0.03),
             (-mouth, i.mouth_y), (mouth, i.mouth_y)],
        )

    def _shading(self, light: Light, pose: Pose):
        """Diffuse light and shine, for a head that turns under a lamp that stays."""
        x, y, z = np.array(light.direction) / np.linalg.norm(light.direction)
        c, s = np.cos(pose.pitch), np.sin(pose.pitch)
        y, z = c * y - s * z, s * y + c * z
        c, s = np.cos(pose.yaw), np.sin(pose.yaw)
        lamp = np.array([c * x + s * z, y, c * z - s * x])
        towards_us = np.array([s, 0.0, c])
        between = lamp + towards_us
        between /= np.linalg.norm(between)
        products = cv2.transform(self.shape.normals, np.float32([lamp, between, [0, -1, 0]]))
        diffuse = np.clip((products[..., 0] + 0.25) / 1.25, 0.0, 1.0)
        shade = light.key * diffuse + light.ambient * (1.0 + 0.15 * products[..., 2])
        shine = np.clip(products[..., 1], 0.0, 1.0)
        for _ in range(4):
            shine *= shine
        return shade * self._occlusion, shine * self._gloss * np.float32(light.key)

    def _paint_skin(self) -> np.ndarray:
        i, shape = self.identity, self.shape
        x, v, side = shape.x, shape.v, np.abs(shape.x)
        unit, nose = shape.unit, i.eye_y + i.nose_length
        rng = self._rng
        skin = np.tile(i.skin, (shape.rows, shape.columns, 1)).astype(np.float32)
        mottle = sum(
            noise(rng, shape.rows, shape.columns, unit * cell) * weight
            for cell, weight in ((0.03, 0.010), (0.09, 0.014), (0.3, 0.018))
        )
        skin *= (1.0 + mottle)[..., None]
        red = np.array([1.02, 0.88, 0.87], np.float32)
        tint(skin, red, 0.6 * bump(side, v, 0.38, i.eye_y + 0.3, 0.16, 0.13))
        tint(skin, red, 0.6 * bump(x, v, 0, nose - 0.02, 0.1, 0.07))
        tint(skin, 1.05, bump(x, v, 0, -0.4, 0.3, 0.12) + 0.7 * bump(x, v, 0, 0.86, 0.1, 0.07))
        tint(skin, (0.9, 0.84, 0.84), 0.7 * bump(side, v, i.eye_gap, i.eye_y + 0.1, 0.12, 0.035) * (0.5 + i.age))
        tint(skin, (0.90, 0.82, 0.80), 0.55 * bump(side, v, i.eye_gap, i.eye_y - 0.06, 0.14, 0.05))
        # Nostrils, the edge of the nose's wings, the groove under the nose.
        tint(skin, 0.35, 0.9 * bump(side, v, i.nose_width * 0.42, nose + 0.045, 0.032, 0.016))
        tint(skin, 0.75, 0.7 * bump(side, v, i.nose_width * 1.02, nose + 0.005, 0.016, 0.045))
        tint(skin, 0.85, bump(x, v, 0, nose + 0.07, 0.11, 0.02))
        tint(skin, 0.92, bump(x, v, 0, (nose + i.mouth_y) / 2 + 0.02, 0.025, 0.05))
        # Folds from nose to mouth, deeper with age; wrinkles on the forehead.
        fold = np.clip((v - nose) / (i.mouth_y - nose), 0, 1)
        beside = np.exp(-0.5 * ((side - i.nose_width * 1.05 - 0.13 * fold) / 0.022) ** 2)
        tint(skin, 0.82, (0.25 + 0.6 * i.age) * beside * step(v, nose - 0.03, nose + 0.06) * step(v, i.mouth_y + 0.03, i.mouth_y - 0.06))
        if i.age > 0.5:
            for k in range(3):
                line = np.exp(-0.5 * ((v + 0.34 + 0.09 * k + 0.02 * np.cos(3 * x)) / 0.008) ** 2)
                tint(skin, 0.86, (i.age - 0.4) * line * step(side, 0.42, 0.2))
        if i.freckles:
            spots = noise(rng, shape.rows, shape.columns, max(1.0, unit * 0.022)) > 1.5
            tint(skin, (0.80, 0.70, 0.62), 0.8 * i.freckles * spots * bump(x, v, 0, i.eye_y + 0.22, 0.34, 0.14))
        if i.mole:
            tint(skin, 0.4, bump(x, v, *i.mole, 0.016, 0.016) * (np.cos(shape.phi) > 0))
        self._paint_beard(skin, x, v, side)
        self._paint_ears(skin)
        if i.hair_style not in ("bald", "scarf"):
            # Scalp under the hair, so that no skin shows where the hair stands off.
            tint(skin, 0.8, 0.8 * step(v, hairline(i, shape.phi) + 0.10, hairline(i, shape.phi)))
            paint(skin, i.hair * 0.8, step(v, hairline(i, shape.phi) + 0.03, hairline(i, shape.phi) - 0.03))
        self._occlusion = (1.0 - 0.22 * step(v, 0.80, 1.0) - 0.10 * bump(side, v, i.eye_gap, i.eye_y - 0.07, 0.15, 0.06)).astype(np.float32)
        self._gloss = ((30 + 14 * i.skin_tone) * (0.55 + 0.45 * (bump(x, v, 0, -0.35, 0.4, 0.25) + bump(x, v, 0, nose - 0.1, 0.1, 0.2))) * step(v, 0.98, 0.6)).astype(np.float32)
        return blur(skin, 0.006 * unit)

    def _paint_beard(self, skin, x, v, side) -> None:
        i = self.identity
        if not i.beard:
            return
        nose = i.eye_y + i.nose_length
        chin = step(v, i.mouth_y + 0.04, i.mouth_y + 0.16) * step(side, 0.5, 0.3)
        cheek_line = i.mouth_y - 0.06 - 0.5 * np.clip(side - 0.3, 0, 0.4) * (0.4 + i.beard_reach)
        cheeks = step(v, cheek_line, cheek_line + 0.14) * step(side, 0.24, 0.38) * i.beard_reach
        moustache = bump(side, v, 0.10, (nose + 0.06 + i.mouth_y) / 2, 0.10, 0.035)
        cover = np.maximum(np.maximum(chin, cheeks), 0.95 * moustache) * (np.cos(self.shape.phi) > -0.2)
        cover = cover * np.clip(0.75 + 0.35 * self._hairs, 0.2, 1.0) * (0.25 + 0.65 * i.beard)
        paint(skin, i.hair * 0.7, cover)

    def _paint_ears(self, skin) -> None:
        phi, v = np.abs(self.shape.phi), self.shape.v
        r = np.sqrt(((phi - 1.5) / 0.19) ** 2 + ((v - 0.17) / 0.20) ** 2)
        paint(skin, self.identity.skin * np.array([0.97, 0.86, 0.84], np.float32), step(r, 1.05, 0.95))
        tint(skin, 0.72, np.exp(-0.5 * ((r - 0.98) / 0.08) ** 2) + 0.7 * step(r, 0.55, 0.35))

    def _paint_eyes(self, canvas, e: Expression) -> None:
        i, px = self.identity, self.shape.unit
        right = np.sign(self._eyes.x)
        side = np.abs(self._eyes.x)
        # Both eyes at once, in one eye's own coordinates, outwards and down.
        u = side - i.eye_gap
        v = self._eyes.v - i.eye_y + i.eye_tilt * u
        t2 = np.minimum((u / i.eye_width) ** 2, 1.0)
        arch = np.sqrt(1.0 - t2) * (1.0 - 0.25 * t2)
        opened = (1.0 - e.blink) * (1.0 - 0.18 * e.smile) * (1.0 + 0.12 * e.brows)
        top = i.eye_height * arch * (0.62 - 1.62 * opened)
        bottom = i.eye_height * arch * (0.62 - 0.12 * e.smile)
        opening = np.clip((v - top) * px + 0.5, 0, 1) * np.clip((bottom - v) * px + 0.5, 0, 1)
        opening *= step(np.abs(u), i.eye_width, i.eye_width * 0.96)

        crease = -i.eye_height * (1.55 - 0.5 * e.blink) * (1.0 - 0.45 * t2)
        tint(canvas, 0.68, 0.55 * np.exp(-(((v - crease) / 0.016) ** 2)) * step(t2, 1.0, 0.8))
        bag = i.eye_height * (1.35 - 0.5 * t2)
        tint(canvas, 0.8, (0.15 + 0.35 * i.age + 0.3 * e.smile) * np.exp(-(((v - bag) / 0.016) ** 2)) * step(t2, 1.0, 0.6))

        ball = np.empty_like(canvas)
        ball[:] = (232.0, 226.0, 221.0)
        ball *= (1.0 - 0.45 * np.exp(-np.clip(v - top, 0, None) / (0.35 * i.eye_height)) - 0.2 * t2)[..., None]
        # Gaze goes the same way in both eyes, while u is mirrored.
        radius = 0.056
        du, dv = u - e.gaze[0] * 0.045 * right, v - e.gaze[1] * 0.02 + 0.1 * i.eye_height
        r = np.sqrt(du * du + dv * dv) / radius
        lit = 0.75 + 0.45 * np.clip(dv / radius, -0.5, 1.0)
        paint(ball, i.iris * np.float32(1.0), np.clip((1 - r) * px * radius + 0.5, 0, 1))
        ball *= np.where(r < 1, lit * (1.0 - 0.5 * step(r, 0.75, 1.0)), 1.0)[..., None]
        paint(ball, (12, 10, 10), np.clip((0.44 - r) * px * radius + 0.5, 0, 1))
        glint = np.sqrt((du + 0.022 * right) ** 2 + (dv + 0.022) ** 2)
        paint(ball, (250, 250, 248), np.clip((0.013 - glint) * px + 0.5, 0, 1))
        canvas += (ball - canvas) * opening[..., None]

        lash = np.exp(-(((v - top) / (0.012 + 0.010 * (1 - t2))) ** 2)) * step(np.abs(u), i.eye_width * 1.06, i.eye_width)
        paint(canvas, (26, 18, 16), 0.85 * lash)
        lower = np.exp(-(((v - bottom) / 0.011) ** 2)) * step(np.abs(u), i.eye_width, i.eye_width * 0.9)
        paint(canvas, i.skin * 0.45, 0.45 * lower)

        w = (side - i.eye_gap) / 0.19
        height = i.brow_y - i.eye_y - 0.045 * e.brows - i.brow_arch * np.cos(1.6 * (w - 0.25)) + i.brow_tilt * w
        thick = i.brow_thickness * np.clip(1.1 - 0.45 * np.clip(w, -1, 1.2), 0.2, 1.5)
        brow = np.clip(1.15 - np.abs(self._eyes.v - i.eye_y - height) / thick, 0, 1) * step(np.abs(w - 0.05), 1.08, 0.8)
        brow *= np.clip(0.8 + 0.35 * self._hairs[self._eyes.slices], 0.25, 1)
        paint(canvas, i.brow_color, 0.88 * brow)

    def _paint_mouth(self, canvas, e: Expression) -> None:
        i, px = self.identity, self.shape.unit
        x, v = self._mouth.x, self._mouth.v
        half = i.mouth_width * (1.0 + 0.13 * e.mouth_wide + 0.13 * e.smile - 0.06 * e.mouth_open)
        t = x / half
        t2 = np.minimum(t * t, 1.0)
        arch = np.sqrt(1.0 - t2)
        lips = i.lips * (1.0 - 0.15 * e.mouth_wide - 0.12 * e.smile)
        line = i.mouth_y + 0.012 - (0.01 + 0.06 * e.smile) * t2 + 0.012 * np.exp(-((t / 0.2) ** 2))
        over, under = line - 0.03 * e.mouth_open * arch, line + (0.004 + 0.115 * e.mouth_open) * arch
        upper_edge = over - lips * 0.95 * arch * (1.0 - 0.2 * np.exp(-((t / 0.13) ** 2)))
        lower_edge = under + lips * 1.3 * arch
        inside = (np.abs(t) < 1).astype(np.float32)
        soft = 0.6 * px

        tint(canvas, 0.78, 0.7 * bump(x, v, 0, i.mouth_y + 0.03 + lips * 1.9 + 0.115 * e.mouth_open, 0.13, 0.022))
        for sign in (-1, 1):
            corner = i.mouth_y + 0.002 - 0.06 * e.smile
            tint(canvas, 0.6, 0.6 * bump(x, v, sign * half, corner, 0.022, 0.018))
        if e.smile > 0.05:
            nose = i.eye_y + i.nose_length
            along = np.clip((v - nose) / (i.mouth_y - nose), 0, 1.2)
            fold = np.exp(-0.5 * ((np.abs(x) - i.nose_width * 1.05 - 0.15 * along) / 0.02) ** 2)
            tint(canvas, 0.8, e.smile * 0.7 * fold * step(v, i.mouth_y + 0.04, i.mouth_y - 0.05))
        lip = np.clip((v - upper_edge) * soft + 0.5, 0, 1) * np.clip((lower_edge - v) * soft + 0.5, 0, 1) * inside
        light_on_lip = 0.84 + 0.3 * np.exp(-(((v - under - lips * 0.55) / (lips * 0.4)) ** 2))
        wrinkles = 1.0 + 0.05 * self._hairs[self._mouth.slices]
        paint(canvas, i.lip_color * (light_on_lip * wrinkles)[..., None], 0.85 * lip)
        gap = np.clip((v - over) * px + 0.5, 0, 1) * np.clip((under - v) * px + 0.5, 0, 1) * inside
        hollow = np.empty_like(canvas)
        hollow[:] = (58.0, 22.0, 22.0)
        paint(hollow, (168, 88, 84), step(v, i.mouth_y + 0.05, i.mouth_y + 0.12) * 0.75 * step(np.abs(t), 0.8, 0.4))
        teeth = np.clip((over + 0.055 - v) * px + 0.5, 0, 1) * step(np.abs(t), 0.92, 0.75)
        paint(hollow, (228, 222, 210), teeth * min(1.0, 2.5 * e.mouth_open) * (0.75 + 0.25 * np.cos(t * 22) ** 2))
        canvas += (hollow - canvas) * gap[..., None]

    def _paint_glasses(self) -> np.ndarray | None:
        """RGBA, alpha 0 to 1, on the texture grid; None without glasses."""
        i, shape = self.identity, self.shape
        if not i.glasses:
            return None
        x, v = shape.x, shape.v
        side = np.abs(x) - i.eye_gap - 0.01
        power = 2.0 if i.glasses == "round" else 5.0
        r = (np.abs(side / 0.235) ** power + np.abs((v - i.eye_y - 0.03) / 0.175) ** power) ** (1 / power)
        rim = np.exp(-(((r - 1.0) / 0.075) ** 4))
        bridge = bump(x, v, 0, i.eye_y - 0.03, 0.05, 0.018) * 1.3
        arms = np.exp(-(((v - i.eye_y - 0.0) / 0.02) ** 4)) * step(np.abs(shape.phi), 0.75, 0.85)
        cover = np.clip(np.maximum(np.maximum(rim * (np.cos(shape.phi) > 0), bridge), arms), 0, 1)
        glasses = np.zeros((shape.rows, shape.columns, 4), np.float32)
        glasses[..., :3] = i.brow_color * 0.6 + 8
        glasses[..., 3] = 0.92 * cover
        lens = step(r, 1.0, 0.9) * (np.cos(shape.phi) > 0)
        glasses[..., :3] += (235 - glasses[..., :3]) * (lens * (1 - cover))[..., None]
        glasses[..., 3] = np.maximum(glasses[..., 3], 0.06 * lens)
        return glasses


@dataclass(frozen=True)
class Lookup:
    """Which texel of a face each pixel of a region of the frame shows."""

    where: Region
    columns: np.ndarray
    rows: np.ndarray
    inside: np.ndarray
    """How much of the pixel is face, 0 to 1."""

    def apply(self, texture: np.ndarray) -> np.ndarray:
        """`texture`, as seen in the region."""
        return cv2.remap(texture, self.columns, self.rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

"""Neck, shoulders and clothes: one still picture that moves with the head, only less."""

import cv2
import numpy as np

from dfdc_utils.data.mini.geometry import Pose, region
from dfdc_utils.data.mini.identities import Identity
from dfdc_utils.data.mini.lights import Light
from dfdc_utils.data.mini.shapes import blend, bump, noise, paint, step, tint

_X, _TOP, _BOTTOM = 2.5, 0.4, 4.0
_ENDLESS = 12.0
"""Below its bottom the picture goes on as it ends: nobody is ever seen standing."""


class Body:
    """One person's neck and shoulders, lit once.

    Args:
        identity: whose.
        unit: pixels of the picture per head unit.
        light: the scene's.
    """

    def __init__(self, identity: Identity, unit: int, light: Light):
        i = identity
        rng = np.random.default_rng([*i.seed, 3])
        rows, columns = round((_BOTTOM - _TOP) * unit), round(2 * _X * unit)
        self._unit = unit
        x = (((np.arange(columns, dtype=np.float32) + 0.5) / unit) - _X)[None]
        v = (((np.arange(rows, dtype=np.float32) + 0.5) / unit) + _TOP)[:, None]
        side = np.abs(x)

        neck_width = i.width * rng.uniform(0.56, 0.66)
        flare = neck_width + 0.05 * step(v, 1.0, 0.5) + 0.55 * step(v, 1.15, 1.75) ** 2
        neck = np.clip((flare - side) * unit + 0.5, 0, 1)
        color = np.tile(i.skin * np.array((0.88, 0.82, 0.80), np.float32), (rows, columns, 1)).astype(np.float32)
        tint(color, 0.5, step(v, 1.5, 0.95) * step(side, 0.75, 0.3))
        tint(color, 0.9, bump(side, v, 0.22, 1.5, 0.03, 0.25))

        shoulder = rng.uniform(1.6, 1.9)
        torso = ((side / shoulder) ** 2.6 + (np.abs(v - 3.2) / 1.72) ** 2.6) ** (1 / 2.6)
        torso = np.where(v > 3.2, side / shoulder, torso)
        cloth = np.clip((1 - torso) * unit + 0.5, 0, 1)
        # Where, across the body, the clothes begin.
        neckline = {
            "crew": 1.66 - 0.55 * np.maximum(side - neck_width * 0.8, 0) ** 1.2,
            "vee": 2.05 - 1.5 * side,
            "shirt": 1.95 - 1.3 * side,
            "roll": np.full_like(side, 1.12),
        }[i.collar]
        if i.collar == "roll":
            cloth = np.maximum(cloth, np.clip((neck_width + 0.045 - side) * unit + 0.5, 0, 1) * (v > 1.2))
        cloth = cloth * np.clip((v - neckline) * unit + 0.5, 0, 1)
        fabric = np.tile(i.cloth, (rows, columns, 1)).astype(np.float32)
        folds = noise(rng, rows, columns, unit * 0.45) + 0.6 * noise(rng, rows, columns, unit * 0.2)
        fabric *= (1 + 0.06 * folds)[..., None]
        tint(fabric, 0.7, np.exp(-(((v - neckline) / 0.05) ** 2)))
        tint(fabric, 0.72, np.exp(-(((side - shoulder * 0.72) / 0.03) ** 2)) * step(v, 2.3, 2.7))
        if i.collar == "shirt":
            flap = np.exp(-((((v - neckline) * 0.6) / 0.1) ** 4)) * (v > neckline) * step(side, 0.62, 0.55)
            paint(fabric, np.minimum(i.cloth * 1.25 + 18, 245), 0.85 * flap)
            tint(fabric, 0.75, np.exp(-((x / 0.012) ** 2)) * (v > 1.95))
        if rng.uniform() < 0.3:
            stripes = np.sin(v * rng.uniform(18, 36)) > 0.3
            tint(fabric, rng.uniform(0.7, 0.9), np.broadcast_to(stripes, (rows, columns)))

        lamp = light.unit
        slope = np.clip(x / shoulder, -1, 1)
        round_off = np.sqrt(1 - 0.8 * slope**2)
        towards = slope * lamp[0] - 0.3 * lamp[1] * step(v, 2.4, 1.5) + 0.75 * lamp[2] * round_off
        diffuse = np.clip(towards, 0, 1)
        paint(color, fabric, cloth)
        color *= (light.ambient + light.key * diffuse)[..., None] * np.array(light.color, np.float32)
        cover = np.maximum(neck * (v < 2.2), cloth)
        self._rgb = np.clip(color, 0, 255).astype(np.uint8)
        self._cover = cover.astype(np.float32)

    def draw(self, frame: np.ndarray, x: float, y: float, scale: float, roll: float) -> None:
        """Draws the body whose head, at rest, is at (x, y) pixels with `scale` pixels per head unit."""
        pose = Pose(x=x, y=y, scale=scale, yaw=0, pitch=0, roll=roll)
        where = region(pose, (-_X, _TOP, _X, _ENDLESS), frame.shape[1], frame.shape[0])
        if where is None:
            return
        c, s = np.cos(roll) * self._unit / scale, np.sin(roll) * self._unit / scale
        dx, dy = where.x0 - x, where.y0 - y
        to_picture = np.array([
            [c, s, c * dx + s * dy + _X * self._unit - 0.5],
            [-s, c, c * dy - s * dx - _TOP * self._unit - 0.5],
        ], np.float32)
        size = where.shape[::-1]
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        rgb = cv2.warpAffine(self._rgb, to_picture, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        cover = cv2.warpAffine(self._cover, to_picture, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        blend(frame[where.slices], rgb, cover)

"""A face: its texture for every expression and light, and where each pixel of a frame finds itself on it."""

import cv2
import numpy as np

from dfdc_utils.data.mini.features import Expression, Eyes, Mouth
from dfdc_utils.data.mini.geometry import HeadShape, Lookup, Pose, coarse_grid, refine, region, to_frame
from dfdc_utils.data.mini.identities import Identity
from dfdc_utils.data.mini.lights import Light
from dfdc_utils.data.mini.shapes import blend, by_color, noise, paint
from dfdc_utils.data.mini.skin import glasses, gloss, occlusion, skin

_BOX = (-0.95, -1.1, 0.95, 1.3)


class Face:
    """The front of one head.

    Args:
        identity: whose face.
        unit: pixels of texture per head unit; about the scale at which the face will be seen.
    """

    def __init__(self, identity: Identity, unit: int):
        self.identity = identity
        self.shape = HeadShape(identity, unit)
        rng = np.random.default_rng([*identity.seed, 1])
        hairs = noise(rng, self.shape.rows, self.shape.columns, max(1.0, unit / 50))
        self._skin = by_color(skin(self.shape, hairs, rng))
        self._eyes, self._mouth = Eyes(self.shape, hairs), Mouth(self.shape, hairs)
        if identity.glasses:
            color, cover = glasses(self.shape)
            self._glasses = by_color(color), cover
        # Light changes slowly over a face, so half the resolution is enough for it.
        half = -(-self.shape.columns // 2), -(-self.shape.rows // 2)
        self._normals = cv2.resize(self.shape.normals, half, interpolation=cv2.INTER_AREA)
        self._occlusion = cv2.resize(occlusion(self.shape), half, interpolation=cv2.INTER_AREA)
        self._gloss = cv2.resize(gloss(self.shape), half, interpolation=cv2.INTER_AREA)

    def texture(self, expression: Expression, light: Light, pose: Pose) -> np.ndarray:
        """The lit face as uint8 RGB on the (v, phi) grid."""
        color = self._skin.copy(order="K")
        self._eyes.paint(color, expression)
        self._mouth.paint(color, expression)
        if self.identity.glasses:
            paint(color, *self._glasses)
        shade, shine = self._shading(light, pose)
        planes = color.transpose(2, 0, 1)
        planes *= shade * np.array(light.color, np.float32)[:, None, None]
        planes += shine
        return cv2.convertScaleAbs(cv2.merge(planes))

    def lookup(self, pose: Pose, width: int, height: int) -> Lookup | None:
        """Where the face lies in a frame of the given size; None if it is out of view."""
        where = region(pose, _BOX, width, height)
        if where is None:
            return None
        cell = max(2, round(pose.scale / 36))
        columns, rows, inside = self.shape.locate(pose, *coarse_grid(pose, where, cell))
        inside = refine(inside * np.float32(pose.scale), where, cell) + 0.5
        return Lookup(where, refine(cv2.merge([columns, rows]), where, cell), np.clip(inside, 0.0, 1.0))

    def draw(
        self, frame: np.ndarray, light: Light, pose: Pose, expression: Expression, lookup: Lookup | None
    ) -> None:
        """Draws ears and face into `frame`; `lookup` is that of the pose."""
        self._draw_ears(frame, light, pose)
        if lookup is not None:
            seen = lookup.apply(self.texture(expression, light, pose))
            blend(frame[lookup.where.slices], seen, lookup.inside)

    def landmarks(self, pose: Pose) -> np.ndarray:
        """(5, 2) pixels: left eye, right eye, nose, left and right corner of the mouth, left in the image."""
        i = self.identity
        mouth = i.mouth_width * 0.95
        return self.shape.project(
            pose,
            [(-i.eye_gap, i.eye_y), (i.eye_gap, i.eye_y), (0, i.eye_y + i.nose_length - 0.03),
             (-mouth, i.mouth_y), (mouth, i.mouth_y)],
        )

    def box(self, pose: Pose) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1 in pixels: forehead to chin, temple to temple, as a detector would box the face."""
        x, y = self.shape.project(pose, [(-0.6, 0.3), (0.6, 0.3), (0, -0.5), (0, 0.98)]).T
        return float(x.min()), float(y.min()), float(x.max()), float(y.max())

    def _shading(self, light: Light, pose: Pose) -> tuple[np.ndarray, np.ndarray]:
        """A factor and a summand per texel, for a head that turns under a lamp that stays."""
        x, y, z = light.unit
        c, s = np.cos(pose.pitch), np.sin(pose.pitch)
        y, z = c * y - s * z, s * y + c * z
        c, s = np.cos(pose.yaw), np.sin(pose.yaw)
        lamp = np.array([c * x + s * z, y, c * z - s * x])
        between = lamp + (s, 0.0, c)
        between /= np.linalg.norm(between)
        products = cv2.transform(self._normals, np.array([lamp, between, [0, -1, 0]], np.float32))
        diffuse = np.clip((products[..., 0] + 0.25) / 1.25, 0.0, 1.0)
        shade = (light.key * diffuse + light.ambient * (1.0 + 0.15 * products[..., 2])) * self._occlusion
        shine: np.ndarray = np.clip(products[..., 1], 0.0, 1.0)
        for _ in range(4):
            shine *= shine
        shine *= self._gloss * np.float32(light.key)
        size = self.shape.columns, self.shape.rows
        return cv2.resize(shade, size), cv2.resize(shine, size)

    def _draw_ears(self, frame: np.ndarray, light: Light, pose: Pose) -> None:
        """The rims of the ears, which stand out behind the face's outline."""
        color = self.identity.skin * np.array((0.72, 0.62, 0.60), np.float32) * np.array(light.color, np.float32)
        for side in (-1, 1):
            lit = light.ambient + light.key * max(0.0, 0.3 + 0.7 * side * light.direction[0])
            x = (self.identity.width + 0.015) * np.sin(side * 1.45 - pose.yaw)
            y = 0.17 - 0.3 * np.sin(pose.pitch)
            middle = to_frame(pose, x, y)
            # In sixteenths of a pixel, or the ears would jump from pixel to pixel.
            cv2.ellipse(
                frame, [round(16 * m) for m in middle], [round(16 * pose.scale * r) for r in (0.075, 0.19)],
                np.degrees(pose.roll) - 6 * side, 0, 360,
                np.clip(color * lit, 0, 255).tolist(), -1, cv2.LINE_AA, 4,
            )

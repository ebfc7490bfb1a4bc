"""Hair and headscarves: a shell around the head, open where the face is."""

import cv2
import numpy as np

from dfdc_utils.data.mini.geometry import (
    MEAN_WIDTH,
    PHI_REACH,
    PIVOT,
    Lookup,
    Pose,
    coarse_grid,
    refine,
    region,
    to_frame,
)
from dfdc_utils.data.mini.identities import Identity
from dfdc_utils.data.mini.lights import Light
from dfdc_utils.data.mini.shapes import blend, blur, bump, noise, step, tint

_STYLES = {
    # How far the hair stands off on top and at the sides, and how far down it reaches, in head units.
    "buzz": (0.015, 0.012, 0.10),
    "short": (0.10, 0.045, 0.22),
    "parted": (0.14, 0.05, 0.20),
    "curly": (0.16, 0.13, 0.35),
    "afro": (0.36, 0.36, 0.50),
    "bob": (0.09, 0.13, 0.85),
    "long": (0.09, 0.14, 1.75),
    "bun": (0.05, 0.035, 0.20),
    "scarf": (0.10, 0.09, 1.55),
}
_LONG = ("bob", "long", "scarf")
_CURLED = ("curly", "afro")
_RIPPLES = 64


def hairline(identity: Identity, phi: np.ndarray) -> np.ndarray:
    """The lowest v of the hair around the head, as the skin's texture sees it."""
    i, around = identity, np.abs(phi)
    front = i.hairline + i.widows_peak * np.cos(4 * phi) * step(around, 1.0, 0.6)
    if i.hair_style == "parted":
        front = front + 0.1 * np.sin(2.2 * (phi - 0.35)) * step(around, 1.0, 0.5)
    if i.hair_style == "bob" and i.age < 0.55:
        # A fringe.
        front = np.full_like(phi, -0.34)
    _, _, bottom = _STYLES[i.hair_style]
    temple = step(around, 0.72, 1.02) if i.hair_style in _LONG else step(around, 0.95, 1.2)
    return (front + (max(bottom, 0.05) - front) * temple).astype(np.float32)


class Hair:
    """What covers one person's head, lit once: it hardly shows how the light on it moves.

    Args:
        identity: whose; bald people have no `Hair`.
        unit: pixels of texture per head unit.
        light: the scene's.
    """

    def __init__(self, identity: Identity, unit: int, light: Light):
        self.identity, self._unit = identity, unit
        self._top, self._side, self._bottom = _STYLES[identity.hair_style]
        self._top *= identity.hair_volume
        self._side *= identity.hair_volume
        rng = np.random.default_rng([*identity.seed, 2])
        self._ripple = blur(rng.standard_normal((1, _RIPPLES)).astype(np.float32), 1.0)[0]
        self._highest = -1.0 - self._top - 0.08
        self._rows = int((self._bottom + 0.25 - self._highest) * unit)
        # Hair stands off, so it needs more pixels around than skin does.
        self._columns = round(2 * PHI_REACH * (MEAN_WIDTH + 0.06) * unit)
        self._phi = ((np.arange(self._columns, dtype=np.float32) + 0.5) / self._columns * 2 - 1) * PHI_REACH
        self._v = ((np.arange(self._rows, dtype=np.float32) + 0.5) / unit + self._highest)[:, None]
        color, cover = self._scarf(rng) if identity.hair_style == "scarf" else self._locks(rng, light)
        color *= self._lit(light)
        self._rgb, self._cover = np.clip(color, 0, 255).astype(np.uint8), cover.astype(np.float32)
        self._behind = (self._rgb * 0.5).astype(np.uint8)

    def draw_back(self, frame: np.ndarray, pose: Pose, lookup: Lookup | None) -> None:
        """Draws what is seen beside the neck and above the head, before body and face are drawn; `lookup` is that of
        the pose."""
        if self.identity.hair_style == "bun":
            self._draw_bun(frame, pose)
        if lookup is not None and self._side >= 0.08:
            tail = self._highest + (lookup.points[..., 1] + 0.5) / self._unit
            cover = lookup.inside * np.clip((self._bottom - 0.03 - tail) * (0.5 * pose.scale), 0, 1)
            blend(frame[lookup.where.slices], lookup.apply(self._behind), cover)

    def draw_front(self, frame: np.ndarray, lookup: Lookup | None) -> None:
        """Draws what lies over the face."""
        if lookup is not None:
            blend(frame[lookup.where.slices], lookup.apply(self._rgb), lookup.apply(self._cover) * lookup.inside)

    def _scarf(self, rng) -> tuple[np.ndarray, np.ndarray]:
        i, unit, shape = self.identity, self._unit, (self._rows, self._columns)
        color = np.tile(i.cloth, (*shape, 1)).astype(np.float32)
        folds = noise(rng, *shape, unit * 0.35)
        folds += 0.7 * np.sin(7 * self._phi + 3 * self._v + noise(rng, *shape, unit * 0.5))
        color *= (1 + 0.07 * folds)[..., None]
        front = np.cos(self._phi) > 0
        r = np.sqrt((np.sin(self._phi) / 0.86) ** 2 + ((self._v - 0.13) / 0.80) ** 2)
        tint(color, 0.6, step(r, 1.10, 1.0) * front)
        return color, np.where(front, step(r, 0.985, 1.015), 1.0)

    def _locks(self, rng, light: Light) -> tuple[np.ndarray, np.ndarray]:
        i, unit, shape = self.identity, self._unit, (self._rows, self._columns)
        phi, v = self._phi, self._v
        curled = i.hair_style in _CURLED
        if curled:
            strands = noise(rng, *shape, max(1.5, unit * 0.05))
            strands += 0.6 * noise(rng, *shape, max(1.0, unit * 0.025))
        else:
            fine = rng.standard_normal((max(4, self._rows // 12), self._columns)).astype(np.float32)
            strands = 1.4 * blur(cv2.resize(fine, shape[::-1], interpolation=cv2.INTER_CUBIC), 0.6)
            strands += 0.6 * noise(rng, *shape, unit * 0.2)
        color = np.tile(i.hair, (*shape, 1)).astype(np.float32)
        color *= np.clip(1 + 0.2 * strands, 0.4, 1.7)[..., None]
        # Seen from the front, the opening ends where the face does, however far the hair stands off.
        across = np.sin(np.clip(phi, -np.pi / 2, np.pi / 2)) * (i.width + self._side) / (i.width + 0.03)
        on_skin = np.where(np.abs(phi) < np.pi / 2, np.arcsin(np.clip(across, -1, 1)), phi)
        ragged = 0.05 if curled else 0.022
        edge = hairline(i, on_skin) + ragged * strands[self._rows // 3][None] - v
        tint(color, 0.72, step(edge, 0.12, 0.0))
        cover = step(edge, -0.02, 0.035) * (0.82 if i.hair_style == "buzz" else 1.0)
        tail = self._bottom + 0.06 * strands[-1][None]
        cover = cover * step(v, tail + 0.04, tail - 0.06)
        lamp = np.arctan2(light.direction[0], light.direction[2])
        shine = 26 * bump(phi, v, lamp, -0.62 - self._top * 0.5, 0.7, 0.14) * np.clip(1 + strands, 0.2, 2)
        color += shine[..., None] * (i.hair / 160 + 0.3)
        return color, cover

    def _lit(self, light: Light) -> np.ndarray:
        """Factors for the colours of the shell, as if it were a ball with a cylinder under it."""
        x, y, z = light.unit
        down = np.clip(self._v / (1 + self._top), -1, 0.3)
        ring = np.sqrt(1 - down**2)
        towards = ring * np.sin(self._phi) * x + down * y + ring * np.cos(self._phi) * z
        diffuse = np.clip((towards + 0.35) / 1.35, 0, 1)
        return (light.ambient + 0.9 * light.key * diffuse)[..., None] * np.array(light.color, np.float32)

    def lookup(self, pose: Pose, width: int, height: int) -> Lookup | None:
        """Where the hair lies in a frame of the given size; None if it is out of view."""
        style, reach = self.identity.hair_style, self.identity.width + self._side
        box = (-reach - 0.2, self._highest - 0.1, reach + 0.2, self._bottom + 0.2)
        where = region(pose, box, width, height)
        if where is None:
            return None
        cell = max(3, round(pose.scale / 24))
        x, y = coarse_grid(pose, where, cell)
        if style == "scarf":
            half = reach * (1.0 - 0.25 * bump(y, 0, 1.0, 0, 0.25, 1) + 0.9 * step(y, 1.15, 1.7))
        elif style in _LONG:
            half = reach * (1 - 0.06 * step(y, 0.3, 0.8) + 0.05 * np.sin(3.0 * y))
        else:
            half = reach * (1 - 0.10 * step(y, 0.0, 0.5))
        above = np.minimum(y / (1 + self._top), 0)
        ring = np.sqrt(np.maximum(1 - above**2, 1e-3))
        across = np.clip(x / (half * ring), -1, 1)
        phi = np.arcsin(across) + np.float32(pose.yaw)
        v = y - np.float32(np.sin(pose.pitch)) * (0.9 * ring * np.sqrt(1 - across**2) - PIVOT)
        columns = (phi / PHI_REACH + 1) * (self._columns / 2) - 0.5
        rows = (v - self._highest) * self._unit - 0.5
        outline = np.sqrt((x / half) ** 2 + above**2)
        if style in _CURLED:
            outline = outline + 0.035 * self._ripples(np.arctan2(x, -y))
        inside = refine((1 - outline) * (0.8 * pose.scale), where, cell) + 0.5
        return Lookup(where, refine(cv2.merge([columns, rows]), where, cell), np.clip(inside, 0, 1))

    def _ripples(self, angle: np.ndarray) -> np.ndarray:
        """How far the outline of curls is dented at an angle (radians, 0 is up)."""
        at = (angle / np.pi + 1) * (_RIPPLES - 2) / 2
        left = at.astype(int)
        share = at - left.astype(np.float32)
        return self._ripple[left] + (self._ripple[left + 1] - self._ripple[left]) * share

    def _draw_bun(self, frame: np.ndarray, pose: Pose) -> None:
        x, y = 0.25 * np.sin(pose.yaw), -1.12 + 0.25 * np.sin(pose.pitch)
        centre = to_frame(pose, x, y)
        # A middle tone of the hair as it is lit on top, in sixteenths of a pixel.
        color = self._rgb[self._rows // 5].mean(axis=0) * 0.85
        size = [round(16 * pose.scale * r) for r in (0.34, 0.27)]
        middle = [round(16 * coordinate) for coordinate in centre]
        cv2.ellipse(frame, middle, size, 0, 0, 360, color.tolist(), -1, cv2.LINE_AA, 4)

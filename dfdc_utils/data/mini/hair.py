"""Hair and headscarves: a shell around the head, open where the face is."""

import cv2
import numpy as np

from dfdc_utils.data.mini.geometry import PHI_REACH, Pose, Region, coarse_grid, refine, region
from dfdc_utils.data.mini.identities import Identity
from dfdc_utils.data.mini.shapes import blur, bump, noise, paint, step, tint

# Style: how far the hair stands off on top and at the sides, how far down it reaches, all in head units.
_SHAPES = {
    "buzz": (0.015, 0.012, 0.10), "short": (0.10, 0.045, 0.22), "parted": (0.14, 0.05, 0.2), "curly": (0.16, 0.13, 0.35),
    "afro": (0.36, 0.36, 0.5), "bob": (0.09, 0.13, 0.85), "long": (0.09, 0.14, 1.75), "bun": (0.05, 0.035, 0.2),
    "scarf": (0.10, 0.09, 1.55),
}
_LONG = ("bob", "long", "scarf")


def hairline(identity: Identity, phi):
    """The lowest v of the hair around the head, as the skin's texture sees it."""
    i = identity
    around = np.abs(phi)
    _, _, bottom = _SHAPES.get(i.hair_style, (0, 0, 0))
    front = i.hairline + i.widows_peak * np.cos(4 * phi) * step(around, 1.0, 0.6)
    if i.hair_style == "parted":
        front = front + 0.1 * np.sin(2.2 * (phi - 0.35)) * step(around, 1.0, 0.5)
    if i.hair_style == "bob" and i.age < 0.55:
        front = np.full_like(phi, -0.34)
    temple = step(around, 0.95, 1.2) if i.hair_style not in _LONG else step(around, 0.72, 1.02)
    return (front + (max(bottom, 0.05) - front) * temple).astype(np.float32)


class Hair:
    """The hair of one identity. `back` lies behind the neck, `front` over the face."""

    def __init__(self, identity: Identity, unit: int, light):
        self.identity = identity
        self.top, self.side, self.bottom = _SHAPES[identity.hair_style]
        self.unit = unit
        volume = identity.hair_volume / 0.09
        self.top *= volume
        self.side *= volume
        self.long = identity.hair_style in _LONG
        rng = np.random.default_rng([*identity.seed, 2])
        self._ripple = blur(rng.standard_normal((1, 64)).astype(np.float32), 1.0)[0]
        self._v0 = -1.0 - self.top - 0.08
        self._rows = int((self.bottom + 0.25 - self._v0) * unit)
        self._columns = round(2 * PHI_REACH * 0.8 * unit)
        self._front = self._paint(rng, light)
        back = self._front.copy()
        back[..., :3] = (back[..., :3] * 0.5).astype(np.uint8)
        self._back = back

    def _paint(self, rng, light) -> np.ndarray:
        """RGBA uint8 on a (v, phi) grid of its own."""
        i, unit = self.identity, self.unit
        phi = ((np.arange(self._columns, dtype=np.float32) + 0.5) / self._columns * 2 - 1) * PHI_REACH
        v = ((np.arange(self._rows, dtype=np.float32) + 0.5) / unit + self._v0)[:, None]
        shape = self._rows, self._columns
        if i.hair_style == "scarf":
            color = np.tile(i.cloth, (*shape, 1)).astype(np.float32)
            folds = noise(rng, *shape, unit * 0.35) + 0.7 * np.sin(7 * phi + 3 * v + noise(rng, *shape, unit * 0.5))
            color *= (1 + 0.07 * folds)[..., None]
            x = i.width * np.sin(phi)
            r = np.sqrt((x / (i.width * 0.86)) ** 2 + ((v - 0.13) / 0.80) ** 2)
            cover = np.where(np.cos(phi) > 0, step(r, 0.985, 1.015), 1.0)
            tint(color, 0.6, step(r, 1.10, 1.0) * (np.cos(phi) > 0))
        else:
            color = np.tile(i.hair, (*shape, 1)).astype(np.float32)
            if i.hair_style in ("curly", "afro"):
                strands = noise(rng, *shape, max(1.5, unit * 0.05)) + 0.6 * noise(rng, *shape, max(1.0, unit * 0.025))
            else:
                fine = rng.standard_normal((max(4, self._rows // 12), self._columns)).astype(np.float32)
                strands = blur(cv2.resize(fine, shape[::-1], interpolation=cv2.INTER_CUBIC), 0.6) * 1.4
                strands += noise(rng, *shape, unit * 0.2) * 0.6
            color *= np.clip(1 + 0.2 * strands, 0.4, 1.7)[..., None]
            # Seen from the front, the opening ends where the face does, however far the hair stands off.
            on_skin = np.arcsin(np.clip(np.sin(np.clip(phi, -1.57, 1.57)) * (i.width + self.side) / (i.width + 0.03), -1, 1))
            line = hairline(i, np.where(np.abs(phi) < 1.57, on_skin, phi))
            ragged = 0.022 if i.hair_style not in ("curly", "afro") else 0.05
            edge = line + ragged * strands[self._rows // 3][None] - v
            cover = step(edge, -0.02, 0.035)
            if i.hair_style == "buzz":
                cover = cover * 0.82
            tint(color, 0.72, step(edge, 0.12, 0.0))
            tail = self.bottom + 0.06 * strands[-1][None]
            cover = cover * step(v, tail + 0.04, tail - 0.06)
            band = bump(phi, v, np.arctan2(light.direction[0], light.direction[2]), -0.62 - self.top * 0.5, 0.7, 0.14)
            color += (26 * band * np.clip(1 + strands, 0.2, 2))[..., None] * (i.hair / 160 + 0.3)
        lamp = light.unit
        down = np.clip(v / (1 + self.top), -1, 0.3)
        ring = np.sqrt(1 - down**2)
        diffuse = np.clip((ring * np.sin(phi) * lamp[0] + down * lamp[1] + ring * np.cos(phi) * lamp[2] + 0.35) / 1.35, 0, 1)
        color *= (light.ambient + light.key * 0.9 * diffuse)[..., None] * np.float32(light.color)
        texture = np.empty((*shape, 4), np.uint8)
        texture[..., :3] = np.clip(color, 0, 255)
        texture[..., 3] = np.clip(cover * 255, 0, 255)
        return texture

    def _seen(self, pose: Pose, width: int, height: int):
        reach = self.identity.width + self.side + 0.2
        where = region(pose, (-reach, self._v0 - 0.1, reach, self.bottom + 0.2), width, height)
        if where is None:
            return None
        cell = max(3, round(pose.scale / 24))
        x, y = coarse_grid(pose, where, cell)
        half = self.identity.width + self.side
        above = np.clip(y / (1 + self.top), -0.999, 0)
        ring = np.sqrt(1 - above**2)
        if self.identity.hair_style == "scarf":
            half = half * (1.0 - 0.25 * bump(y, 0, 1.0, 0, 0.25, 1) + 0.9 * step(y, 1.15, 1.7))
        elif self.long:
            half = half * (1 - 0.06 * step(y, 0.3, 0.8) + 0.05 * np.sin(3.0 * y))
        else:
            half = half * (1 - 0.10 * step(y, 0.0, 0.5))
        across = np.clip(x / (half * np.maximum(ring, 0.03)), -1, 1)
        phi = np.arcsin(across) + np.float32(pose.yaw)
        v = y - np.float32(np.sin(pose.pitch)) * (0.9 * ring * np.sqrt(1 - across**2) - 0.3)
        columns = (phi / PHI_REACH + 1) * (self._columns / 2) - 0.5
        rows = (v - self._v0) * self.unit - 0.5
        outline = np.sqrt((x / half) ** 2 + np.where(y < 0, y / (1 + self.top), 0) ** 2)
        if self.identity.hair_style in ("curly", "afro"):
            angle = (np.arctan2(x, -y) / np.pi + 1) * 31
            at = angle.astype(int)
            bumps = self._ripple[at] + (self._ripple[np.minimum(at + 1, 63)] - self._ripple[at]) * (angle - at)
            outline = outline + np.float32(0.035) * bumps
        inside = np.clip(refine(((1 - outline) * np.float32(0.8 * pose.scale)).astype(np.float32), where, cell) + 0.5, 0, 1)
        return where, refine(columns.astype(np.float32), where, cell), refine(rows.astype(np.float32), where, cell), inside

    def draw_back(self, frame: np.ndarray, pose: Pose) -> None:
        """Hair that is seen beside the neck."""
        if self.side < 0.08:
            return
        seen = self._seen(pose, frame.shape[1], frame.shape[0])
        if seen is None:
            return
        where, columns, rows, inside = seen
        tail = self._v0 + (rows + 0.5) / self.unit
        cover = inside * np.clip((self.bottom - 0.03 - tail) * pose.scale * 0.5, 0, 1)
        target = frame[where.slices]
        target[:] = cv2.blendLinear(
            cv2.remap(self._back[..., :3], columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
            target, cover.astype(np.float32), (1 - cover).astype(np.float32))

    def draw_front(self, frame: np.ndarray, pose: Pose) -> None:
        seen = self._seen(pose, frame.shape[1], frame.shape[0])
        if seen is None:
            return
        where, columns, rows, inside = seen
        layer = cv2.remap(self._front, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        cover = layer[..., 3] * (inside * np.float32(1 / 255))
        target = frame[where.slices]
        target[:] = cv2.blendLinear(np.ascontiguousarray(layer[..., :3]), target, cover, 1 - cover)

"""The shape of a head, and where each point of its skin lies in the picture.

A head is a stack of horizontal cross-sections, described by (phi, v): v runs from the crown (-1) to the chin
(+1), phi around the head, 0 at the nose, positive to the image's right. Textures are painted on that grid.
Turning the head shifts phi; relief (nose, brows, lips) shifts it further; nodding shifts v. This is not a
camera's projection, but from 40 degrees one way to 40 the other it looks like one and costs 1 ms.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from dfdc_utils.data.mini.identities import Identity
from dfdc_utils.data.mini.shapes import bump, step

PHI_REACH = 1.9
"""Textures span this much to both sides, in radians: a little behind the ears."""
MEAN_WIDTH = 0.74
_DEPTH = 0.92
PIVOT = 0.3
"""The axis of nodding lies so far in front of the axis of turning."""
_INSIDE = 0.8
"""An outline is told by x**p + y**p - 1; near it, that over p is a distance, in about so many head units."""
_TABLE_REACH, _TABLE_STEPS = 1.5, 1024


@dataclass(frozen=True)
class Pose:
    """Where a head is and where it looks."""

    x: float
    y: float
    """The head's middle, in pixels of the frame."""
    scale: float
    """Pixels per head unit (half a head's height)."""
    yaw: float
    """Radians; positive turns the nose to the image's left."""
    pitch: float
    """Radians; positive looks down."""
    roll: float
    jaw: float = 0.0
    """How far the chin is lowered, in head units."""


@dataclass(frozen=True)
class Region:
    """A rectangle of the frame, in pixels, cut to the frame."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.y0, self.y1), slice(self.x0, self.x1)

    @property
    def shape(self) -> tuple[int, int]:
        return self.y1 - self.y0, self.x1 - self.x0


@dataclass(frozen=True)
class Lookup:
    """Which point of a texture each pixel of a region of the frame shows."""

    where: Region
    points: np.ndarray
    """(height, width, 2) float32: column and row of the texture."""
    inside: np.ndarray
    """How much of the pixel is face or hair, 0 to 1."""

    def apply(self, texture: np.ndarray) -> np.ndarray:
        """`texture`, as seen in the region."""
        no_rows = np.empty(0, np.float32)
        return cv2.remap(texture, self.points, no_rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def cut_to(self, cover: np.ndarray) -> tuple["Lookup", np.ndarray]:
        """The part of the region in which something is covered, and what of `cover` (0 to 1) lies inside there."""
        cover = cover * self.inside
        mask = (cover > 0).astype(np.uint8)
        x, y, width, height = cv2.boundingRect(mask) if mask.any() else (0, 0, 2, 2)
        cut = slice(y, y + height), slice(x, x + width)
        x0, y0 = self.where.x0 + x, self.where.y0 + y
        where = Region(x0, y0, x0 + width, y0 + height)
        return Lookup(where, self.points[cut], self.inside[cut]), cover[cut]


def to_frame(pose: Pose, x, y) -> tuple:
    """Pixels of the frame for head coordinates (x, y)."""
    c, s = np.cos(pose.roll), np.sin(pose.roll)
    return pose.x + pose.scale * (c * x - s * y), pose.y + pose.scale * (s * x + c * y)


def region(pose: Pose, box: tuple[float, float, float, float], width: int, height: int) -> Region | None:
    """What `box` (x0, y0, x1, y1 in head units) can reach of the frame; None if it is out of view."""
    corners = np.array([(box[i], box[j]) for i in (0, 2) for j in (1, 3)])
    x, y = to_frame(pose, corners[:, 0], corners[:, 1])
    x0, x1 = max(0, int(x.min())), min(width, int(x.max()) + 2)
    y0, y1 = max(0, int(y.min())), min(height, int(y.max()) + 2)
    return Region(x0, y0, x1, y1) if x1 - x0 >= 2 and y1 - y0 >= 2 else None


def coarse_grid(pose: Pose, where: Region, cell: int) -> tuple[np.ndarray, np.ndarray]:
    """Head coordinates (x, y) of the middles of `cell` x `cell` pixel blocks that cover `where`."""
    rows, columns = (-(-side // cell) for side in where.shape)
    px = where.x0 + (np.arange(columns, dtype=np.float32) + 0.5) * cell - 0.5 - np.float32(pose.x)
    py = where.y0 + (np.arange(rows, dtype=np.float32)[:, None] + 0.5) * cell - 0.5 - np.float32(pose.y)
    c, s = np.float32(np.cos(pose.roll) / pose.scale), np.float32(np.sin(pose.roll) / pose.scale)
    return c * px + s * py, c * py - s * px


def refine(field: np.ndarray, where: Region, cell: int) -> np.ndarray:
    """A field on the coarse grid, interpolated to every pixel of `where`."""
    rows, columns = field.shape[:2]
    full = cv2.resize(field, (columns * cell, rows * cell), interpolation=cv2.INTER_LINEAR)
    height, width = where.shape
    return full[:height, :width]


class HeadShape:
    """Outline, depth and relief of one identity's head, in head units."""

    def __init__(self, identity: Identity, unit: int):
        self.identity = identity
        self.unit = unit
        self.rows, self.columns = 2 * unit, round(2 * PHI_REACH * MEAN_WIDTH * unit)
        self.phi = ((np.arange(self.columns, dtype=np.float32) + 0.5) / self.columns * 2 - 1) * PHI_REACH
        self.v = ((np.arange(self.rows, dtype=np.float32) + 0.5) / unit - 1)[:, None]
        self.x = self.half_width(self.v) * np.sin(self.phi)
        """Across the face as seen from the front; features are painted in (x, v)."""
        self._table = self._cross_sections()
        self.relief = self._relief()
        self.normals = self._normals()

    def half_width(self, v):
        i = self.identity
        round_off = np.maximum(1.0 - np.abs(v) ** i.roundness, 1e-4) ** (1.0 / i.roundness)
        return i.width * round_off * self._taper(v)

    def half_depth(self, v):
        return _DEPTH * np.sqrt(np.sqrt(np.maximum(1.0 - v**4, 0.0)))

    def forward(self, v):
        """How far before the axis a cross-section's middle lies: the jaw juts out, the skull does not."""
        return (self.half_depth(v) - self.half_width(v)) * 0.75 * step(v, -0.3, 0.5)

    def texture_position(self, phi, v):
        """(phi, v) as column and row of a texture."""
        return ((phi / PHI_REACH + 1) * (self.columns / 2) - 0.5).astype(np.float32), (
            (v + 1) * self.unit - 0.5
        ).astype(np.float32)

    def locate(self, pose: Pose, x: np.ndarray, y: np.ndarray):
        """What is seen at head coordinates (x, y): column and row of the texture, and how far inside the
        outline it is, in head units (negative outside)."""
        lowered = y - pose.jaw * step(y, 0.55, 0.82 + pose.jaw)
        at = (lowered + _TABLE_REACH) * (_TABLE_STEPS / (2 * _TABLE_REACH)) - 0.5
        half, depth, forward, down = cv2.split(_remap(self._table, at, np.zeros_like(at)))
        across = (x + forward * np.float32(np.sin(pose.yaw))) / half
        power = np.float32(self.identity.roundness)
        beside = np.abs(across) ** power * np.maximum(1.0 - down, 0.0)
        inside = (1.0 - beside - down) * (_INSIDE / power)
        across = np.clip(across, -1.0, 1.0)
        front = depth * np.sqrt(1.0 - across * across)
        sin_pitch = np.float32(np.sin(pose.pitch))
        v = np.clip(lowered, -0.995, 0.995)
        broad = np.maximum(half, 0.3)
        height: np.ndarray = np.zeros((), np.float32)
        # What sticks out hides what is behind it: two rounds are enough for a nose.
        for _ in range(2):
            # Hollows have a negative height: unbounded, the rim of the head would leave the sine's range.
            phi = np.arcsin(across / np.maximum(1.0 + height / broad, np.abs(across))) + np.float32(pose.yaw)
            columns, rows = self.texture_position(phi, v - sin_pitch * (front + height - PIVOT))
            height = _remap(self.relief, columns, rows)
        return columns, rows, inside

    def project(self, pose: Pose, points) -> np.ndarray:
        """Pixels (n, 2) in the frame of `points` (n, 2) given as (x, v) on the face seen from the front."""
        x, v = np.asarray(points, np.float32).T
        half = self.half_width(v)
        phi = np.arcsin(np.clip(x / half, -1, 1))
        columns, rows = self.texture_position(phi[None], v[None])
        height = _remap(self.relief, columns, rows)[0]
        turned = phi - pose.yaw
        across = (half + height) * np.sin(turned) - self.forward(v) * np.sin(pose.yaw)
        front = self.half_depth(v) * np.cos(turned) + height
        down = v + np.sin(pose.pitch) * (front - PIVOT) + pose.jaw * step(v, 0.55, 0.82)
        return np.stack(to_frame(pose, across, down), axis=1)

    def _cross_sections(self) -> np.ndarray:
        """(1, steps, 4): half width, half depth, forward and |v|**roundness, to be looked up by v."""
        v = ((np.arange(_TABLE_STEPS, dtype=np.float32) + 0.5) / _TABLE_STEPS * 2 - 1) * _TABLE_REACH
        on_head = np.clip(v, -0.995, 0.995)
        return np.stack(
            [self.half_width(on_head), self.half_depth(on_head), self.forward(on_head),
             np.abs(v) ** self.identity.roundness], axis=1,
        ).astype(np.float32)[None]

    def _taper(self, v):
        return 1.0 - self.identity.taper * step(v, 0.0, 1.05)

    def _relief(self) -> np.ndarray:
        """Heights above the plain cross-sections: what makes a face out of an egg."""
        i, x, v = self.identity, self.x, self.v
        side = np.abs(x)
        nose = i.eye_y + i.nose_length
        relief = i.nose_height * bump(x, v, 0, nose - 0.03, i.nose_width * 0.55, 0.075)
        ridge = step(v, i.eye_y - 0.12, nose - 0.05) * step(v, nose + 0.07, nose - 0.02)
        relief += i.nose_height * 0.55 * ridge * np.exp(-0.5 * (x / (i.nose_width * 0.36)) ** 2)
        relief += i.nose_height * 0.32 * bump(side, v, i.nose_width * 0.62, nose, 0.045, 0.05)
        relief -= 0.055 * bump(side, v, i.eye_gap, i.eye_y - 0.02, 0.15, 0.085)
        relief += 0.03 * bump(side, v, i.eye_gap, i.eye_y, 0.11, 0.06)
        relief += 0.045 * bump(side, v, i.eye_gap, i.brow_y + 0.02, 0.17, 0.05)
        relief += 0.05 * bump(side, v, 0.40, i.eye_y + 0.26, 0.13, 0.11)
        relief += 0.045 * bump(x, v, 0, i.mouth_y, 0.2, 0.1)
        relief += 0.05 * bump(x, v, 0, 0.86, 0.15, 0.09)
        relief -= 0.02 * bump(x, v, 0, i.mouth_y + 0.13, 0.14, 0.03)
        relief -= 0.03 * i.age * bump(side, v, 0.40, i.mouth_y - 0.02, 0.09, 0.12)
        relief *= np.cos(self.phi) > 0
        return cv2.GaussianBlur(relief.astype(np.float32), (0, 0), 0.012 * self.unit)

    def _normals(self) -> np.ndarray:
        half, depth = self.half_width(self.v), self.half_depth(self.v)
        x = (half + self.relief) * np.sin(self.phi)
        z = (depth + self.relief) * np.cos(self.phi)
        y = np.broadcast_to(self.v, x.shape)
        # Upside-down images still have y down, so this order points outwards.
        along_phi = np.stack([np.gradient(a, axis=1) for a in (x, y, z)], axis=2)
        along_v = np.stack([np.gradient(a, axis=0) for a in (x, y, z)], axis=2)
        normals = np.cross(along_phi, along_v).astype(np.float32)
        normals /= np.maximum(np.linalg.norm(normals, axis=2, keepdims=True), 1e-9)
        # The narrow ends of the cross-sections would otherwise show as streaks.
        return cv2.GaussianBlur(normals, (0, 0), 0.01 * self.unit)


def _remap(picture, columns, rows) -> np.ndarray:
    return cv2.remap(picture, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

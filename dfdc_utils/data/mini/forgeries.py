"""The four ways in which DFDC's fakes were made, in miniature.

Each takes the frames of an original after the camera, noise and all, and alters a part of them, as a forger
who has only the video would. How well that goes is its strength: 0 is a fake that is hard to see, 1 a clumsy
one. What strength does is written here and nowhere else.
"""

import cv2
import numpy as np

from dfdc_utils.data.mini.features import Expression
from dfdc_utils.data.mini.geometry import Pose, Region
from dfdc_utils.data.mini.heads import Face
from dfdc_utils.data.mini.identities import Identity
from dfdc_utils.data.mini.scenes import Moment, Scene, other_mouth
from dfdc_utils.data.mini.shapes import blend, blur, step
from dfdc_utils.data.mini.speech import SAMPLE_RATE, Speech
from dfdc_utils.data.mini.vocoders import VOCODERS

METHODS = {"autoencoder": 0.40, "nearest_neighbour": 0.27, "reenactment": 0.23, "sound": 0.10}
"""Method: its share of the fakes."""
ANOTHER = "another voice"
VOICES = (ANOTHER, *VOCODERS)
"""What is heard in a forgery of the sound alone: a stranger, or the person's own voice out of a vocoder."""

# (at strength 0, at strength 1)
BOTTLENECK = (34.0, 14.0)
"""Autoencoder: pixels of the network's picture per head unit."""
DAMPING = (0.85, 0.45)
"""Autoencoder: how much of the target's expression survives."""
COLOR_ERROR = (1.0, 9.0)
"""Autoencoder, nearest neighbour: the colour is off by about so many grey levels."""
JITTER = (0.004, 0.028)
"""Autoencoder, nearest neighbour: the face is off by about so many head units, anew in each frame."""
BANK_SIZE = (36.0, 18.0)
"""Nearest neighbour: pixels of the bank's pictures per head unit."""
FLICKER = (0.1, 0.5)
"""Nearest neighbour: how often the second best face is taken."""
MOUTH_SOFTNESS = (0.012, 0.045)
"""Reenactment: blur of the new mouth, in head units."""
REGRAIN = (0.5, 0.0)
"""All: how much of the camera's noise is put back on what was drawn anew."""

_POISSON_SIDES, _POISSON_ROUNDS = (8, 16, 32), 12
_NEIGHBOURS = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32) / 4


class Forgery:
    """What is done to one scene: of itself, nothing.

    `speech` and `sound` are what is heard; `alter` is called once a frame, in order.
    """

    def __init__(self, scene: Scene, target: int, strength: float, seed: tuple[int, ...]):
        self.scene, self.target, self.strength = scene, target, strength
        self.rng = np.random.default_rng(seed)
        self.speech = scene.speech

    @property
    def sound(self) -> np.ndarray:
        """float32 mono samples at SAMPLE_RATE, -1 to 1."""
        return self.speech.sound

    def alter(self, index: int, frame: np.ndarray, moments: tuple[Moment, ...]) -> np.ndarray:
        """The frame that is published, uint8 RGB; `frame` itself stays as it is."""
        return frame


class FaceForgery(Forgery):
    """Alters the face of one of the people; frames without it pass untouched."""

    def alter(self, index, frame, moments) -> np.ndarray:
        moment = moments[self.target] if moments else None
        if moment is None or moment.lookup is None:
            return frame
        fake = frame.copy()
        self._forge(index, fake, moment)
        return fake

    def _forge(self, index: int, fake: np.ndarray, moment: Moment) -> None:
        raise NotImplementedError

    def _knob(self, ends: tuple[float, float]) -> float:
        return ends[0] + (ends[1] - ends[0]) * self.strength

    def _lay_over(self, index: int, fake: np.ndarray, patch: np.ndarray, where: Region, cover: np.ndarray) -> None:
        """Blends `patch` over a region of `fake` in place, with some noise of the camera that filmed the rest."""
        noise = self.scene.camera.noise(index, where.slices)
        patch = cv2.addWeighted(patch, 1.0, noise, self._knob(REGRAIN), 0.0, dtype=cv2.CV_8U)
        blend(fake[where.slices], patch, cover)

    def _color_off(self) -> np.ndarray:
        """A colour error that lasts the whole clip."""
        return self.rng.normal(0, self._knob(COLOR_ERROR), 3).astype(np.float32)


class Autoencoder(FaceForgery):
    """The donor's face in the target's pose, through a narrow network, feathered in (report, figure 2)."""

    def __init__(self, scene, target, strength, seed, donor: Identity):
        super().__init__(scene, target, strength, seed)
        self._face = Face(donor, scene.actors[target].face.shape.unit)
        self._oval = _oval(scene.actors[target].face)
        self._off = self._color_off()

    def _forge(self, index, fake, moment) -> None:
        e = moment.expression
        damp = self._knob(DAMPING)
        damped = Expression(
            blink=e.blink * damp, gaze=(e.gaze[0] * damp, e.gaze[1] * damp), mouth_open=e.mouth_open * damp,
            mouth_wide=e.mouth_wide * damp, smile=e.smile * damp, brows=e.brows * damp,
        )
        lookup, cover = moment.lookup.cut_to(moment.lookup.apply(self._oval))
        patch = lookup.apply(self._face.texture(damped, self.scene.light, moment.pose))
        patch = self._squeeze(self.scene.camera.develop(patch), moment.pose.scale)
        patch = _match_color(patch, fake[lookup.where.slices], cover, self._off)
        self._lay_over(index, fake, patch, lookup.where, cover)

    def _squeeze(self, patch: np.ndarray, scale: float) -> np.ndarray:
        """Down to the network's size and up again, not quite to the same place."""
        factor = max(1.0, scale / self._knob(BOTTLENECK))
        height, width = patch.shape[:2]
        size = max(2, round(width / factor)), max(2, round(height / factor))
        small = cv2.resize(patch, size, interpolation=cv2.INTER_AREA)
        dx, dy = self.rng.normal(0, self._knob(JITTER) * scale * 0.5, 2)
        fx, fy = width / size[0], height / size[1]
        # Pixel centres: a plain scaling by f would shift the picture by half a small pixel.
        back = np.array([[fx, 0, fx / 2 - 0.5 + dx], [0, fy, fy / 2 - 0.5 + dy]], np.float32)
        flags, border = cv2.INTER_CUBIC, cv2.BORDER_REPLICATE
        return cv2.warpAffine(small, back, (width, height), flags=flags, borderMode=border)


class NearestNeighbour(FaceForgery):
    """The donor's most similar face out of a bank, warped by landmarks and Poisson-blended; it flickers."""

    _YAWS = (-0.36, -0.12, 0.12, 0.36)
    _MOUTHS = ((0.0, 0.0), (0.45, 0.5), (0.7, -0.4))

    def __init__(self, scene, target, strength, seed, donor: Identity):
        super().__init__(scene, target, strength, seed)
        self._face = Face(donor, scene.actors[target].face.shape.unit)
        self._off = self._color_off()
        self._bank = [self._picture(yaw, *mouth) for yaw in self._YAWS for mouth in self._MOUTHS]

    def _picture(self, yaw: float, opened: float, wide: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What it is found by, the picture (RGB and cover, float32), and its five landmarks."""
        unit = self._face.shape.unit
        side = round(2.5 * unit)
        expression = Expression(mouth_open=opened, mouth_wide=wide)
        pose = Pose(side / 2, side / 2, unit, yaw, 0.0, 0.0, expression.jaw)
        lookup = self._face.lookup(pose, side, side)
        assert lookup is not None, "the head stands in the middle"
        seen = lookup.apply(self._face.texture(expression, self.scene.light, pose))
        picture: np.ndarray = np.zeros((side, side, 4), np.float32)
        picture[lookup.where.slices] = np.dstack(
            [self.scene.camera.develop(seen), lookup.apply(_oval(self._face)) * lookup.inside]
        )
        small = round(min(1.0, self._knob(BANK_SIZE) / unit) * side)
        picture = cv2.resize(picture, (small, small), interpolation=cv2.INTER_AREA)
        return _key(yaw, opened, wide), picture, (self._face.landmarks(pose) + 0.5) * (small / side) - 0.5

    def _forge(self, index, fake, moment) -> None:
        where = moment.lookup.where
        _, picture, landmarks = self._nearest(moment)
        marks = self.scene.actors[self.target].face.landmarks(moment.pose)
        marks = marks + self.rng.normal(0, self._knob(JITTER) * moment.pose.scale, marks.shape)
        source = np.hstack([landmarks, np.ones((5, 1))])
        warp = np.linalg.lstsq(source, marks - (where.x0, where.y0), rcond=None)[0].T
        warped = cv2.warpAffine(picture, warp, where.shape[::-1], flags=cv2.INTER_LINEAR)
        cover = warped[..., 3] * moment.lookup.inside
        patch = poisson(warped[..., :3], fake[where.slices], cover) + self._off
        self._lay_over(index, fake, patch, where, cover)

    def _nearest(self, moment: Moment):
        wanted = _key(moment.pose.yaw, moment.expression.mouth_open, moment.expression.mouth_wide)
        order = np.argsort([np.linalg.norm(key - wanted) for key, _, _ in self._bank], kind="stable")
        return self._bank[order[int(self.rng.uniform() < self._knob(FLICKER))]]


def _key(yaw: float, opened: float, wide: float) -> np.ndarray:
    """Faces are alike when these are near: the turn of the head counts most, the shape of the lips least."""
    return np.array([3.0 * yaw, opened, 0.5 * wide])


class Reenactment(FaceForgery):
    """The target's own face, but the mouth speaks another text, which is heard as well."""

    def __init__(self, scene, target, strength, seed):
        super().__init__(scene, target, strength, seed)
        self.speech = Speech((*seed, 1), scene.speech.seconds)
        self._open, self._wide = self.speech.mouth(scene.seconds)
        shape = scene.actors[target].face.shape
        middle = shape.identity.mouth_y + 0.06
        r = np.sqrt((shape.x / 0.37) ** 2 + ((shape.v - middle) / 0.24) ** 2)
        self._area = (step(r, 1.0, 0.7) * (np.cos(shape.phi) > 0)).astype(np.float32)

    def _forge(self, index, fake, moment) -> None:
        face = self.scene.actors[self.target].face
        moment = other_mouth(moment, float(self._open[index]), float(self._wide[index]))
        lookup = face.lookup(moment.pose, fake.shape[1], fake.shape[0])
        assert lookup is not None, "with its own mouth the face is in view"
        lookup, cover = lookup.cut_to(lookup.apply(self._area))
        patch = lookup.apply(face.texture(moment.expression, self.scene.light, moment.pose))
        patch = blur(self.scene.camera.develop(patch), self._knob(MOUTH_SOFTNESS) * moment.pose.scale)
        self._lay_over(index, fake, patch, lookup.where, cover)


class Sound(Forgery):
    """Another voice, or the same voice rebuilt by a machine; every pixel is the original's."""

    def __init__(self, scene, target, strength, seed, voice: str):
        super().__init__(scene, target, strength, seed)
        self._voice, self._seed = voice, seed
        if voice == ANOTHER:
            self.speech = Speech((*seed, 1), scene.speech.seconds)

    @property
    def sound(self) -> np.ndarray:
        if self._voice == ANOTHER:
            return self.speech.sound
        # A generator of its own: what a vocoder draws changes nothing else.
        rng = np.random.default_rng((*self._seed, 2))
        return VOCODERS[self._voice](self.speech.sound, SAMPLE_RATE, self.strength, rng)


def forge(
    method: str, scene: Scene, target: int, strength: float, seed: tuple[int, ...], donor: Identity | None,
    voice: str = ANOTHER,
) -> Forgery:
    """The forgery of that name ("" forges nothing), set up for one of the people in a scene.

    Args:
        method: one of METHODS, or "".
        scene: what the original shows.
        target: which of its people.
        strength: 0 (hard to see) to 1 (clumsy).
        seed: of everything random in it.
        donor: whose face is put in, where a face is swapped.
        voice: one of VOICES, where the sound alone is forged.
    """
    if method in ("autoencoder", "nearest_neighbour") and donor:
        swap = Autoencoder if method == "autoencoder" else NearestNeighbour
        return swap(scene, target, strength, seed, donor)
    if method == "sound":
        return Sound(scene, target, strength, seed, voice)
    return {"": Forgery, "reenactment": Reenactment}[method](scene, target, strength, seed)


def _oval(face: Face) -> np.ndarray:
    """What of a face is swapped, 0 to 1 on its texture: brows to chin, soft at the edge."""
    shape = face.shape
    r = np.sqrt((shape.x / 0.56) ** 2 + ((shape.v - 0.32) / 0.62) ** 2)
    return (step(r, 1.0, 0.78) * (np.cos(shape.phi) > 0)).astype(np.float32)


def _match_color(patch: np.ndarray, target: np.ndarray, cover: np.ndarray, off: np.ndarray) -> np.ndarray:
    """`patch` with the mean, but for `off`, and within bounds the contrast of what it covers of `target`."""
    mask = (cover >= 0.5 * cover.max()).astype(np.uint8)
    patch_mean, patch_spread = cv2.meanStdDev(patch, mask=mask)
    mean, spread = cv2.meanStdDev(target, mask=mask)
    gain = np.clip(spread / np.maximum(patch_spread, 1.0), 0.75, 1.3)
    shift = mean + off[:, None] - gain * patch_mean
    return cv2.transform(patch.astype(np.float32), np.hstack([np.diag(gain[:, 0]), shift]))


def poisson(patch: np.ndarray, target: np.ndarray, cover: np.ndarray) -> np.ndarray:
    """`patch` (float32) with the shift in colour added that lets it meet `target` without a seam.

    The shift is what differs at the edge, continued inwards by Laplace's equation (Pérez et al., "Poisson
    image editing", SIGGRAPH 2003). It is smooth, so it is solved from coarse to fine on small grids, and
    scaled up.
    """
    height, width = cover.shape
    apart = target.astype(np.float32) - patch
    shift: np.ndarray = np.empty(0, np.float32)
    for side in _POISSON_SIDES:
        size = max(3, side * width // max(width, height)), max(3, side * height // max(width, height))
        difference = cv2.resize(apart, size, interpolation=cv2.INTER_AREA)
        free = cv2.resize(cover, size, interpolation=cv2.INTER_AREA) > 0.3
        # The edge of the grid is always known.
        free[[0, -1]] = free[:, [0, -1]] = False
        if not shift.size:
            shift = np.full_like(difference, difference[~free].mean())
        else:
            shift = cv2.resize(shift, size, interpolation=cv2.INTER_LINEAR)
        free = free[..., None]
        for _ in range(_POISSON_ROUNDS):
            shift = np.where(free, cv2.filter2D(shift, -1, _NEIGHBOURS), difference)
    return patch + cv2.resize(shift, (width, height), interpolation=cv2.INTER_LINEAR)

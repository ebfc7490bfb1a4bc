"""A take: people in a place, filmed. Everything in it comes from one seed, so it can be filmed again."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from dfdc_utils.data.mini.bodies import Body
from dfdc_utils.data.mini.cameras import Camera
from dfdc_utils.data.mini.features import Expression
from dfdc_utils.data.mini.geometry import Lookup, Pose
from dfdc_utils.data.mini.hair import Hair
from dfdc_utils.data.mini.heads import Face
from dfdc_utils.data.mini.identities import Identity
from dfdc_utils.data.mini.lights import Light
from dfdc_utils.data.mini.rooms import background
from dfdc_utils.data.mini.shapes import curve
from dfdc_utils.data.mini.speech import Speech


@dataclass(frozen=True)
class Setting:
    """What is filmed and how. Pixels are those of the upright picture."""

    seed: tuple[int, ...]
    people: tuple[Identity, ...]
    width: int
    height: int
    frames: int
    rate: int
    dark: bool = False
    hold: int = 1
    """For how many frames each picture is shown."""


@dataclass(frozen=True)
class Moment:
    """One person in one frame."""

    pose: Pose
    expression: Expression
    lookup: Lookup | None
    """None where the head is out of view."""


class Actor:
    """One person's place, looks and performance in a scene."""

    def __init__(self, rng, identity: Identity, speech: Speech | None, seconds, middle, scale, light: Light):
        self.identity = identity
        self.scale = scale
        self._x, self._y = middle
        unit = int(np.clip(round(scale * 1.05), 24, 400))
        self.face = Face(identity, unit)
        self.hair = Hair(identity, unit, light) if identity.hair_style != "bald" else None
        self.body = Body(identity, unit, light)
        lively = rng.uniform(0.5, 1.2)
        self._yaw = lively * 0.36 * curve(rng, seconds, 1.5) + rng.uniform(-0.12, 0.12)
        self._pitch = lively * 0.12 * curve(rng, seconds, 1.2) + rng.uniform(-0.06, 0.06)
        self._roll = lively * 0.08 * curve(rng, seconds, 1.7)
        self._sway = lively * np.stack([0.16 * curve(rng, seconds, 1.4), 0.06 * curve(rng, seconds, 1.1)])
        self._nearer = 1 + 0.04 * curve(rng, seconds, 2.0)
        self._smile = np.clip(curve(rng, seconds, 2.0) * 0.6 + rng.uniform(-0.4, 0.5), 0, 1)
        self._brows = 0.7 * curve(rng, seconds, 0.9)
        self._blink = _blinks(rng, seconds)
        self._gaze = _glances(rng, seconds)
        quiet: np.ndarray = np.zeros(len(seconds))
        self._open, self._wide = speech.mouth(seconds) if speech else (quiet, quiet)
        if speech:
            self._pitch = self._pitch + 0.05 * speech.loudness(seconds)

    def at(self, index: int, shake: np.ndarray) -> tuple[Pose, Expression]:
        expression = Expression(
            blink=float(self._blink[index]),
            gaze=(float(self._gaze[0, index]), float(self._gaze[1, index])),
            mouth_open=float(self._open[index]),
            mouth_wide=float(self._wide[index]),
            smile=float(self._smile[index]),
            brows=float(self._brows[index]),
        )
        scale = self.scale * self._nearer[index]
        pose = Pose(
            x=float(self._x + scale * self._sway[0, index] + shake[0]),
            y=float(self._y + scale * self._sway[1, index] + shake[1]),
            scale=float(scale),
            yaw=float(self._yaw[index]),
            pitch=float(self._pitch[index]),
            roll=float(self._roll[index]),
            jaw=expression.jaw,
        )
        return pose, expression

    def body_at(self, index: int, shake: np.ndarray) -> tuple[float, float, float, float]:
        """x, y, scale and roll of the shoulders, which follow the head half-way."""
        scale = self.scale * self._nearer[index]
        x = self._x + 0.6 * scale * self._sway[0, index] + shake[0]
        return x, self._y + 0.5 * scale * self._sway[1, index] + shake[1], scale, 0.3 * self._roll[index]


class Scene:
    """A take, set up. `frames()` films it, the same however often."""

    def __init__(self, setting: Setting):
        self.setting = setting
        rng = np.random.default_rng(setting.seed)
        width, height = setting.width, setting.height
        self.seconds = np.arange(setting.frames) / setting.rate
        self.speech = Speech((*setting.seed, 1), setting.frames / setting.rate)
        self.light = Light.draw(rng)
        self.camera = Camera(rng, width, height, self.seconds, dark=setting.dark)
        self._margin = int(np.ceil(np.abs(self.camera.shake).max())) + 2
        room = background(rng, height + 2 * self._margin, width + 2 * self._margin)
        # The lamp lights the room as well.
        self._background = cv2.convertScaleAbs(room, alpha=self.light.ambient + 0.7 * self.light.key)
        self.actors = tuple(self._actor(rng, place) for place in range(len(setting.people)))

    @property
    def distance(self) -> str:
        """"near", "medium" or "far", by the size of the first face; "none" in an empty room."""
        if not self.actors:
            return "none"
        share = self.actors[0].scale / min(self.setting.width, self.setting.height)
        return "far" if share < 0.215 else "medium" if share < 0.255 else "near"

    def frames(self) -> Iterator[tuple[int, np.ndarray, tuple[Moment, ...]]]:
        """Yields every picture: the index of its first frame, uint8 RGB, and what each person does in it."""
        width, height = self.setting.width, self.setting.height
        for index in range(0, self.setting.frames, self.setting.hold):
            shake = self.camera.shake[index]
            frame = self._backdrop(shake)
            moments = []
            for actor in self.actors:
                pose, expression = actor.at(index, shake)
                moment = Moment(pose, expression, actor.face.lookup(pose, width, height))
                self._draw(frame, actor, moment, actor.body_at(index, shake))
                moments.append(moment)
            yield index, self.camera.add_noise(self.camera.develop(frame), index), tuple(moments)

    def _draw(self, frame, actor: Actor, moment: Moment, body) -> None:
        if actor.hair:
            hair = actor.hair.lookup(moment.pose, self.setting.width, self.setting.height)
            actor.hair.draw_back(frame, moment.pose, hair)
        actor.body.draw(frame, *body)
        actor.face.draw(frame, self.light, moment.pose, moment.expression, moment.lookup)
        if actor.hair:
            actor.hair.draw_front(frame, hair)

    def _backdrop(self, shake) -> np.ndarray:
        height, width = self.setting.height, self.setting.width
        if not shake.any():
            still = slice(self._margin, self._margin + height), slice(self._margin, self._margin + width)
            return self._background[still].copy()
        shift = np.array([[1, 0, shake[0] - self._margin], [0, 1, shake[1] - self._margin]], np.float32)
        return cv2.warpAffine(self._background, shift, (width, height), flags=cv2.INTER_LINEAR)

    def _actor(self, rng, place: int) -> Actor:
        width, height = self.setting.width, self.setting.height
        side, alone = min(width, height), len(self.setting.people) == 1
        scale = side * (rng.uniform(0.185, 0.295) if alone else rng.uniform(0.175, 0.225))
        x = width * (rng.uniform(0.36, 0.64) if alone else 0.28 + 0.44 * place + rng.uniform(-0.03, 0.03))
        y = height * (rng.uniform(0.38, 0.46) if width > height else rng.uniform(0.32, 0.42))
        return Actor(
            np.random.default_rng((*self.setting.seed, 2, place)),
            self.setting.people[place],
            # Only the first of them speaks.
            self.speech if place == 0 else None,
            self.seconds,
            # Room for the hair of those who are near.
            (x, max(y, 1.15 * scale)),
            scale,
            self.light,
        )


def other_mouth(moment: Moment, opened: float, wide: float) -> Moment:
    """The same moment with another mouth; the place in the frame must be looked up again."""
    expression = replace(moment.expression, mouth_open=opened, mouth_wide=wide)
    return Moment(replace(moment.pose, jaw=expression.jaw), expression, None)


def _blinks(rng, seconds) -> np.ndarray:
    shut = np.zeros(len(seconds))
    at = rng.uniform(0.3, 2.5)
    while at < seconds[-1]:
        shut = np.maximum(shut, np.exp(-(((seconds - at) / 0.065) ** 4)))
        at += rng.exponential(2.2) + 0.5
    return shut


def _glances(rng, seconds) -> np.ndarray:
    """(2, frames): eyes jump, then rest."""
    gaze = np.zeros((2, len(seconds)))
    at = 0.0
    while at < seconds[-1] + 1:
        # Mostly into the camera.
        target = rng.uniform(-1, 1, 2) if rng.uniform() < 0.5 else rng.uniform(-0.2, 0.2, 2)
        gaze[:, seconds >= at] = target[:, None]
        at += rng.uniform(0.3, 1.6)
    return gaze

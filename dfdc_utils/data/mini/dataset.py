"""The synthetic DFDC as a whole: who is in which clip, what is wrong with it, and where it is written.

The layout is DFDC's: `dfdc_train_part_N/` with `metadata.json`, and `test_videos/` without labels beside
`sample_submission.csv`. Two more files are this set's own: `manipulations.csv` tells how each labelled clip
was made, for teaching and for tables by subgroup, and is read by no model; `drawn.json` says from which
numbers the set was drawn, and which files are its own.
"""

import contextlib
import itertools
import string
import tempfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from dfdc_utils import parallel
from dfdc_utils.data.metadata import DRAWN
from dfdc_utils.data.mini import placing
from dfdc_utils.data.mini.forgeries import METHODS, VOICES, forge
from dfdc_utils.data.mini.identities import Identity
from dfdc_utils.data.mini.scenes import Scene, Setting
from dfdc_utils.data.mini.videos import VideoWriter
from dfdc_utils.data.mini.warts import FILE_WARTS, SCENE_WARTS, spoil
from dfdc_utils.profiles import Profile
from dfdc_utils.workspace import write_json

_EDITION = 6
"""Raised when the same numbers would give other pictures or sounds, so that an old set is drawn again."""
_NUMBERS = ("seed", "parts", "clips_per_part", "originals_per_part", "unlabelled_clips",
            "clip_width", "clip_height", "clip_frames")
_RATE = 30
_HOLD = 2
"""Clips are painted on twos, as in animated films: every picture is shown for two frames."""
_DONORS = 3
"""People of each part who are seen in fakes only."""
_TEST = "test_videos"
_TRUTH = "manipulations.csv"


@dataclass(frozen=True)
class Clip:
    """One file: an original (method "") or a fake of it."""

    video: str
    method: str
    donor: Identity | None
    strength: float
    crf: int
    seed: tuple[int, ...]
    wart: str
    voice: str = ""
    """One of VOICES where the sound alone is forged."""


@dataclass(frozen=True)
class Take:
    """One scene and the clips that come out of it."""

    part: str
    original: str
    """Name of the original, which of the unlabelled takes need not be among the clips."""
    setting: Setting
    target: int
    """Which of the people is forged."""
    clips: tuple[Clip, ...]


def draw(out: Path, profile: Profile, *, workers: int | None = None) -> Path:
    """Draws the synthetic DFDC of `profile` into the folder `out`, and returns its absolute path.

    Nothing is done where it already lies, drawn from the same numbers. It appears under its name only when it is
    whole, in the place of one that was drawn there before from other numbers.

    Args:
        out: the folder.
        profile: of its numbers, those of the synthetic set.
        workers: processes; by default one a core.

    Raises FileExistsError, naming them, where `out` holds visible files that were not drawn there. Hidden ones stay.
    """
    out = Path(out).resolve()
    numbers = {"edition": _EDITION, **{key: getattr(profile, key) for key in _NUMBERS}}
    if placing.numbers_of(out) == numbers:
        return out
    # At once, not after an hour of drawing.
    placing.own_files(out)
    takes = plan(profile)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as temporary:
        folder = Path(temporary) / out.name
        for part in dict.fromkeys(take.part for take in takes):
            (folder / part).mkdir(parents=True)
        rows = []
        filmed = parallel.run(
            partial(film, folder), takes, description="Drawing clips", unit="take", workers=workers
        )
        for of_take in filmed:
            rows.extend(of_take)
        _write_tables(folder, pd.DataFrame(rows).sort_values(["part", "video"]))
        placing.put(folder, out, numbers)
    return out


def truth(root: Path) -> pd.DataFrame | None:
    """How each labelled clip of the synthetic set in `root` was made; None for a set that was not drawn here.

    One row a video: video, method ("" for an original), strength (0 hard to see, 1 clumsy; NaN for an original),
    skin_tone (0 lightest to 1 darkest; NaN where nobody is seen), light, distance, people, wart, voice (one of
    `forgeries.VOICES` where the sound alone was forged, else "") and more. No model may read it.
    """
    if not (Path(root) / DRAWN).is_file():
        return None
    return pd.read_csv(Path(root) / _TRUTH, keep_default_na=False, na_values={"strength": "", "skin_tone": ""})


def plan(profile: Profile) -> list[Take]:
    """Every take of the set, those of the parts first. The same numbers give the same plan, and the same plan
    the same pixels and sound; x264 does not promise the same bytes."""
    rng = np.random.default_rng([profile.seed, 0])
    names = _names(rng)
    methods = _deal_methods()
    takes = []
    for part in range(profile.parts):
        fakes = profile.clips_per_part - profile.originals_per_part
        counts = [len(share) for share in np.array_split(np.arange(fakes), profile.originals_per_part)][::-1]
        takes += _part(profile, rng, names, methods, f"dfdc_train_part_{part}", part, counts)
    if profile.unlabelled_clips:
        counts = [1] * profile.unlabelled_clips
        for take in _part(profile, rng, names, methods, _TEST, profile.parts, counts):
            # Of each take one clip, original or fake, is published.
            takes.append(replace(take, clips=(take.clips[rng.integers(2)],)))
    return _with_voices(takes)


def film(folder: Path, take: Take) -> list[dict]:
    """Writes the clips of one take under `folder`; returns a row of what is known about each."""
    # The workers share the cores already.
    cv2.setNumThreads(1)
    scene = Scene(take.setting)
    width, height = take.setting.width, take.setting.height
    # Such a file holds the picture lying on its side, and a mark that says so.
    turned = any(clip.wart == "rotation flag" for clip in take.clips)
    with contextlib.ExitStack() as stack:
        versions = []
        for clip in take.clips:
            forgery = forge(clip.method, scene, take.target, clip.strength, clip.seed, clip.donor, clip.voice)
            path, size = folder / take.part / clip.video, (height, width) if turned else (width, height)
            writer = VideoWriter(path, *size, take.setting.rate, clip.crf, forgery.sound)
            versions.append((forgery, stack.enter_context(writer)))
        for index, frame, moments in scene.frames():
            for forgery, writer in versions:
                picture = forgery.alter(index, frame, moments)
                writer.write(np.rot90(picture) if turned else picture, min(_HOLD, take.setting.frames - index))
    for clip in take.clips:
        spoil(folder / take.part / clip.video, clip.wart)
    person = take.setting.people[take.target] if take.setting.people else None
    return [
        {
            "video": clip.video,
            "part": take.part,
            "method": clip.method,
            "donor": clip.donor.name if clip.donor else "",
            "original": take.original if clip.method else "",
            "wart": clip.wart,
            "strength": clip.strength if clip.method else np.nan,
            "person": person.name if person else "",
            "skin_tone": person.skin_tone if person else np.nan,
            "light": "dark" if take.setting.dark else scene.light.name,
            "distance": scene.distance,
            "people": len(take.setting.people),
            "voice": clip.voice,
        }
        for clip in take.clips
    ]


def _part(profile: Profile, rng, names, methods, part: str, number: int, counts: list[int]) -> list[Take]:
    """The takes of one part: `counts` says how many fakes each original has."""
    warts = part != _TEST and profile.parts >= len(SCENE_WARTS)
    scene_wart = SCENE_WARTS[number] if warts and number < len(SCENE_WARTS) else ""
    file_wart = FILE_WARTS.get(number, "") if warts else ""
    filmed = len(counts) + (scene_wart == "two people")
    cast = _cast(profile, rng, number, filmed)
    takes = []
    for k, count in enumerate(counts):
        wart = scene_wart if k == 0 else ""
        on_screen: tuple[Identity, ...] = () if wart == "no face" else (cast[k],)
        if wart == "two people":
            on_screen += (cast[filmed - 1],)
        setting = _setting(profile, (profile.seed, number, k), on_screen, wart)
        target = int(rng.integers(max(1, len(on_screen))))
        original = next(names)
        clips = [_clip(rng, (*setting.seed, 10), original, "", None, wart)]
        for fake in range(count):
            # Where nobody is seen, only the sound can be forged.
            method = next(methods) if on_screen else "sound"
            swap = method in ("autoencoder", "nearest_neighbour")
            donor = _donor(rng, cast, on_screen, target) if swap else None
            clips.append(_clip(rng, (*setting.seed, 11, fake), next(names), method, donor, wart))
        takes.append(Take(part, original, setting, target, tuple(clips)))
    if file_wart:
        *others, last = takes[-1].clips
        takes[-1] = replace(takes[-1], clips=(*others, replace(last, wart=file_wart)))
    return takes


def _with_voices(takes: list[Take]) -> list[Take]:
    """`takes` with what is heard in the forgeries of the sound alone, in turns, so that every split has each kind."""
    voices = itertools.cycle(VOICES)
    return [
        replace(take, clips=tuple(
            replace(clip, voice=next(voices)) if clip.method == "sound" else clip for clip in take.clips
        ))
        for take in takes
    ]


def _setting(profile: Profile, seed: tuple[int, ...], people: tuple[Identity, ...], wart: str) -> Setting:
    size = profile.clip_width, profile.clip_height
    width, height = size[::-1] if wart in ("upright", "rotation flag") else size
    return Setting(
        seed=seed,
        people=people,
        width=width,
        height=height,
        frames=int(0.6 * profile.clip_frames) if wart == "short clip" else profile.clip_frames,
        rate=24 if wart == "24 fps" else _RATE,
        dark=wart == "dark",
        hold=_HOLD,
    )


def _donor(rng, cast: list[Identity], on_screen: tuple[Identity, ...], target: int) -> Identity:
    """Someone else of the part, and of those one of the two whose skin is most like the target's."""
    tone = on_screen[target].skin_tone
    others = [person for person in cast if all(person is not seen for seen in on_screen)]
    nearest = sorted(others, key=lambda person: abs(person.skin_tone - tone))
    return nearest[rng.integers(min(2, len(nearest)))]


def _cast(profile: Profile, rng, number: int, on_screen: int) -> list[Identity]:
    """The people of one part, who are in no other: those filmed, then those whose faces only fakes show."""
    count = on_screen + _DONORS
    # Spread over the whole range in every part, and no two alike.
    tones = (rng.permutation(count) + rng.uniform(0, 1, count)) / count
    return [
        Identity.draw(f"person_{number:02}_{k:02}", (profile.seed, 1, number, k), float(tone))
        for k, tone in enumerate(tones)
    ]


def _clip(rng, seed, video: str, method: str, donor: Identity | None, wart: str) -> Clip:
    # The quality of the encoding must not tell a fake: it is drawn for each clip, whatever it is.
    strength, crf = round(float(rng.uniform(0.2, 1.0)), 3), int(rng.integers(19, 31))
    return Clip(video, method, donor, strength, crf, seed, wart)


def _names(rng):
    """File names such as DFDC's: ten letters."""
    seen = set()
    while True:
        name = "".join(rng.choice(list(string.ascii_lowercase), 10)) + ".mp4"
        if name not in seen:
            seen.add(name)
            yield name


def _deal_methods():
    """Methods of forging in their shares, evenly mixed, so that every few parts have some of each."""
    dealt = dict.fromkeys(METHODS, 0)
    while True:
        number = sum(dealt.values()) + 1
        method = max(METHODS, key=lambda method: METHODS[method] * number - dealt[method])
        dealt[method] += 1
        yield method


def _write_tables(folder: Path, rows: pd.DataFrame) -> None:
    labelled = rows[rows["part"] != _TEST]
    labelled.to_csv(folder / _TRUTH, index=False)
    for part, of_part in labelled.groupby("part"):
        write_json(folder / part / "metadata.json", {
            row.video: {"label": "FAKE", "split": "train", "original": row.original} if row.method
            else {"label": "REAL", "split": "train", "original": None}
            for row in of_part.itertuples()
        })
    unlabelled = rows.loc[rows["part"] == _TEST, "video"]
    if len(unlabelled):
        submission = pd.DataFrame({"filename": unlabelled, "label": 0.5})
        submission.to_csv(folder / "sample_submission.csv", index=False)

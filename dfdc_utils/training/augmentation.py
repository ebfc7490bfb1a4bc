"""Augmentation of training faces with imgaug: what a camera, a codec or an upload could do to the same face.

Strengths are low on purpose: the evidence of a fake is faint, and a strong blur or a coarse JPEG makes every
face look as smooth as a fake. Test-time augmentation uses other transformations (`evaluation.tta`).
"""

import types

import numpy as np

# imgaug 0.4.0 looks up np.sctypes while it is imported, and NumPy 2 no longer has it. imgaug only asks for
# these three groups of scalar types.
if not hasattr(np, "sctypes"):
    np.sctypes = {  # type: ignore[attr-defined]  # it is put there, not found there
        "int": [np.int8, np.int16, np.int32, np.int64],
        "uint": [np.uint8, np.uint16, np.uint32, np.uint64],
        "float": [np.float16, np.float32, np.float64],
    }
from imgaug import augmenters as iaa  # noqa: E402

STRENGTHS = types.MappingProxyType({
    "flip": 0.5,  # share of the faces that are mirrored
    "geometry": 0.5,  # share of the faces that are moved, by at most:
    "rotation": 8,  # degrees
    "scale": 0.08,  # of the side
    "shift": 0.04,  # of the side
    "light": 0.5,  # share of the faces whose light and colour change, by at most:
    "brightness": 0.2,  # of each value
    "contrast": 0.2,
    "colour": 0.06,  # of each value, red, green and blue apart
    "degradation": 0.3,  # share of the faces that suffer one of these four, at most:
    "blur": 0.8,  # standard deviation, pixels
    "noise": 6.0,  # standard deviation, of 255
    "jpeg": 40,  # imgaug's compression: about 100 minus JPEG's quality
    "downscaling": 0.5,  # of the side, and up again
    "cutout": 0.1,  # share of the faces whose eyes, nose or mouth are covered; wholly, however low the strength
})
"""How often each augmentation strikes, and how strong it is at strength 1."""


# Of landmarks in the store's order: which, and half the width and height that are covered, in eye distances.
_PARTS = (((0, 1), 0.9, 0.35), ((2,), 0.4, 0.4), ((3, 4), 0.6, 0.3))


def augment(
    faces: np.ndarray,
    seed: tuple[int, ...],
    strength: float = 1.0,
    landmarks: np.ndarray | None = None,
    families: np.ndarray | None = None,
) -> np.ndarray:
    """Augmented copies of RGB uint8 `faces` (n, side, side, 3).

    Args:
        faces: the faces.
        seed: decides about everything random.
        strength: multiplies by how much faces are changed at most; mirroring and covering stay, unless it is 0.
        landmarks: of the faces (`FaceStore.landmarks`); without them, or where they are NaN, nothing is covered.
        families: (n,) whole numbers; faces of one family change all alike, for what lies between the frames of a
            sequence is evidence. Without them each face has a chance of its own.

    The same faces and the same seed give the same copies in any process or thread, whatever ran before: each
    call builds its own augmenters, since imgaug's keep a random state of their own that NumPy's and Keras's
    seeds do not reach.
    """
    if strength == 0:
        return faces.copy()
    pipeline = _pipeline(strength)
    if families is None:
        if landmarks is not None:
            faces = _cover(faces, landmarks, np.random.default_rng(seed))
        _seed(pipeline, seed)
        return pipeline.augment_images(faces)
    changed = np.empty_like(faces)
    for family in np.unique(families).tolist():
        chance = (*seed, family)
        _seed(pipeline, chance)
        alike = pipeline.to_deterministic()
        for place in np.flatnonzero(families == family):
            face = faces[place:place + 1]
            if landmarks is not None:
                face = _cover(face, landmarks[place:place + 1], np.random.default_rng(chance))
            changed[place] = alike.augment_image(face[0])
    return changed


def _seed(augmenter: iaa.Augmenter, seed: tuple[int, ...]) -> None:
    # seed_ reaches the augmenters inside; the `seed` of a Sequential does not.
    augmenter.seed_(int(np.random.SeedSequence(seed).generate_state(1)[0]))


def _cover(faces: np.ndarray, landmarks: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Copies with the eyes, the nose or the mouth of some covered by the face's mean colour.

    Else a network may look at one part alone, where this forger left traces (Seferbekov's winning solution of
    the DFDC covers them too).
    """
    faces = faces.copy()
    for face, points in zip(faces, landmarks, strict=True):
        # Drawn in any case, so that faces of one seed are covered alike.
        struck, part = generator.random() < STRENGTHS["cutout"], int(generator.integers(len(_PARTS)))
        if struck and np.isfinite(points[:2]).all():
            face[_part(points, part)] = face.mean(axis=(0, 1))
    return faces


def _part(landmarks: np.ndarray, part: int) -> tuple[slice, slice]:
    """Rows and columns of the eyes (0), the nose (1) or the mouth (2) of a face."""
    which, half_width, half_height = _PARTS[part]
    unit = np.linalg.norm(landmarks[1] - landmarks[0])
    x, y = landmarks[list(which)].mean(axis=0)
    return (
        slice(max(round(y - half_height * unit), 0), max(round(y + half_height * unit), 0)),
        slice(max(round(x - half_width * unit), 0), max(round(x + half_width * unit), 0)),
    )


def examples(
    face: np.ndarray, seed: tuple[int, ...], strength: float = 1.0, landmarks: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """One face, RGB uint8 (side, side, 3), after each augmentation alone, by its name: as strong as it gets.

    Args:
        face: the face; "as it is" comes first.
        seed: decides about the noise and the tint.
        strength: as in `augment`.
        landmarks: of the face, (5, 2); without them, or where they are NaN, "covered" (here: the eyes) is left out.
    """
    shown = {"as it is": face, "mirrored": face[:, ::-1]}
    for name, augmenter in _kinds(strength, strongest=True).items():
        _seed(augmenter, seed)
        shown[name] = augmenter.augment_image(face)
    if landmarks is not None and np.isfinite(landmarks).all():
        shown["covered"] = face.copy()
        shown["covered"][_part(landmarks, 0)] = face.mean(axis=(0, 1))
    return shown


def _pipeline(strength: float) -> iaa.Augmenter:
    kinds = _kinds(strength)
    degradation = iaa.OneOf([kinds[name] for name in ("blur", "noise", "JPEG", "downscaling")])
    return iaa.Sequential([
        iaa.Fliplr(STRENGTHS["flip"]),
        iaa.Sometimes(STRENGTHS["geometry"], kinds["moved"]),
        iaa.Sometimes(STRENGTHS["light"], kinds["light"]),
        # In a list: seed_ passes over a OneOf that is itself the child of a Sometimes.
        iaa.Sometimes(STRENGTHS["degradation"], [degradation]),
    ])


def _kinds(strength: float, *, strongest: bool = False) -> dict[str, iaa.Augmenter]:
    """What may be done to a face, each apart: as much as chance has it, or as much as it gets."""
    s = {name: value * strength for name, value in STRENGTHS.items()}

    def between(mild: float, strong: float) -> float | tuple[float, float]:
        return strong if strongest else (min(mild, strong), max(mild, strong))

    return {
        "moved": iaa.Affine(
            rotate=between(-s["rotation"], s["rotation"]),
            scale=between(1 - s["scale"], 1 + s["scale"]),
            translate_percent=between(-s["shift"], s["shift"]),
            mode="edge",  # as the crops themselves at a frame's edge
        ),
        "light": iaa.Sequential([
            iaa.Multiply(between(1 - s["brightness"], 1 + s["brightness"])),
            # Always by chance: were all three channels as strong as can be, there would be no tint.
            iaa.Multiply((1 - s["colour"], 1 + s["colour"]), per_channel=True),
            iaa.LinearContrast(between(1 - s["contrast"], 1 + s["contrast"])),
        ]),
        "blur": iaa.GaussianBlur(between(0.0, s["blur"])),
        "noise": iaa.AdditiveGaussianNoise(scale=between(0.0, s["noise"]), per_channel=True),
        "JPEG": iaa.JpegCompression(between(0, s["jpeg"])),
        "downscaling": iaa.KeepSizeByResize(
            iaa.Resize(between(1.0, max(1 - s["downscaling"], 0.2)), "area"), "linear"
        ),
    }

"""Augmentation of training faces with imgaug: what a camera, a codec or an upload could do to the same face.

Strengths are low on purpose: the evidence of a fake is faint, and a strong blur or a coarse JPEG makes every
face look as smooth as a fake. Test-time augmentation uses other transformations (`evaluation.tta`).
"""

import types

import numpy as np

# imgaug 0.4.0 looks up np.sctypes while it is imported, and NumPy 2 no longer has it. imgaug only asks for
# these three groups of scalar types.
if not hasattr(np, "sctypes"):
    np.sctypes = {
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
    "degradation": 0.3,  # share of the faces that suffer one of these three, at most:
    "blur": 0.8,  # standard deviation, pixels
    "noise": 6.0,  # standard deviation, of 255
    "jpeg": 40,  # imgaug's compression: about 100 minus JPEG's quality
})
"""How often each augmentation strikes, and how strong it is at strength 1."""


def augment(faces: np.ndarray, seed: tuple[int, ...], strength: float = 1.0) -> np.ndarray:
    """Augmented copies of RGB uint8 `faces` (n, side, side, 3).

    `strength` multiplies by how much faces are changed at most; mirroring stays, unless it is 0.

    The same faces and the same seed give the same copies in any process or thread, whatever ran before: each
    call builds its own augmenters, since imgaug's keep a random state of their own that NumPy's and Keras's
    seeds do not reach.
    """
    if strength == 0:
        return faces.copy()
    pipeline = _pipeline(strength)
    # seed_ reaches the augmenters inside; the `seed` of a Sequential does not.
    pipeline.seed_(int(np.random.SeedSequence(seed).generate_state(1)[0]))
    return pipeline.augment_images(faces)


def _pipeline(strength: float) -> iaa.Augmenter:
    often = ("flip", "geometry", "light", "degradation")
    s = {name: value if name in often else value * strength for name, value in STRENGTHS.items()}
    geometry = iaa.Affine(
        rotate=(-s["rotation"], s["rotation"]),
        scale=(1 - s["scale"], 1 + s["scale"]),
        translate_percent=(-s["shift"], s["shift"]),
        mode="edge",  # as the crops themselves at a frame's edge
    )
    light = iaa.Sequential([
        iaa.Multiply((1 - s["brightness"], 1 + s["brightness"])),
        iaa.Multiply((1 - s["colour"], 1 + s["colour"]), per_channel=True),
        iaa.LinearContrast((1 - s["contrast"], 1 + s["contrast"])),
    ])
    degradation = iaa.OneOf([
        iaa.GaussianBlur((0.0, s["blur"])),
        iaa.AdditiveGaussianNoise(scale=(0.0, s["noise"]), per_channel=True),
        iaa.JpegCompression((0, s["jpeg"])),
    ])
    return iaa.Sequential([
        iaa.Fliplr(s["flip"]),
        iaa.Sometimes(s["geometry"], geometry),
        iaa.Sometimes(s["light"], light),
        # In a list: seed_ passes over a OneOf that is itself the child of a Sometimes.
        iaa.Sometimes(s["degradation"], [degradation]),
    ])

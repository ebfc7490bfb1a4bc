"""Fakes made from real faces alone: a face blended with a changed copy of itself (Shiohara and Yamasaki, CVPR 2022,
arXiv 2204.08376).

What all face swaps have in common is a seam between two pictures that do not quite match in colour, sharpness and
place. A detector that learns it from such blends has seen no forger's own handwriting, and can meet new ones. No
other person's face is involved.
"""

import cv2
import numpy as np

_RATIOS = (0.25, 0.5, 0.75, 1.0, 1.0, 1.0)
"""How much of the changed copy is seen inside the mask; the paper's."""


def self_blend(faces: np.ndarray, landmarks: np.ndarray, seed: tuple[int, ...]) -> np.ndarray:
    """A self-blended fake of each of `faces`.

    Args:
        faces: RGB uint8, (n, side, side, 3), real.
        landmarks: float, (n, 5, 2), of `FaceStore.landmarks`.
        seed: decides about everything random.

    Returns:
        RGB uint8, (n, side, side, 3); outside the mask exactly as it was, or changed in colour or sharpness.

    Raises ValueError where a face has no landmarks.
    """
    if not np.isfinite(landmarks).all():
        raise ValueError(
            "Self-blending needs landmarks, and these faces have none: they were not found by our detector. "
            "Extract the faces from the videos, or choose another draw than self_blended."
        )
    generator = np.random.default_rng(seed)
    return np.stack([_blend(face, points, generator) for face, points in zip(faces, landmarks, strict=True)])


def _blend(face: np.ndarray, points: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    source, target = face.astype(np.float32), face.astype(np.float32)
    # One of the two is changed, whichever: the seam is what is to be learnt, not one of the two sides of it.
    if generator.random() < 0.5:
        source = _changed(source, generator)
    else:
        target = _changed(target, generator)
    mask = _mask(face.shape[0], points, generator)
    source, mask = _moved(source, mask, generator)
    mask = mask[:, :, None] * generator.choice(_RATIOS)
    return (mask * source + (1 - mask) * target).round().clip(0, 255).astype(np.uint8)


def _changed(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Another colour and light, and either less sharp or sharper."""
    image = (image + generator.uniform(-20, 20, 3)) * generator.uniform(0.9, 1.1)
    mean = image.mean()
    image = mean + (image - mean) * generator.uniform(0.9, 1.1)
    if generator.random() < 0.5:
        side = image.shape[0]
        small = max(round(side / generator.uniform(1.5, 4)), 1)
        smaller = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
        image = cv2.resize(smaller, (side, side), interpolation=cv2.INTER_LINEAR)
    else:
        image += generator.uniform(0.2, 0.5) * (image - cv2.GaussianBlur(image, (0, 0), 1.0))
    return image.astype(np.float32)


def _mask(side: int, points: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Of the face, 0 to 1: an oval through forehead, cheeks and chin, deformed, with a soft edge."""
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    # Eyes and mouth are two thirds of the way from the middle of the face to its upper and lower end.
    down = mouth - eyes
    centre, half_height = (eyes + mouth) / 2, np.linalg.norm(down) * generator.uniform(0.9, 1.3)
    half_width = max(np.linalg.norm(points[1] - points[0]), half_height / 2) * generator.uniform(0.7, 1.0)
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    radius = 1 + generator.normal(0, 0.06, len(angles))
    axis = down / max(np.linalg.norm(down), 1e-6)
    across = np.array([axis[1], -axis[0]])
    outline = centre + np.outer(radius * np.cos(angles), across * half_width)
    outline = outline + np.outer(radius * np.sin(angles), axis * half_height)
    mask = np.zeros((side, side), np.float32)
    cv2.fillPoly(mask, [outline.round().astype(np.int32)], 1.0)
    return cv2.GaussianBlur(mask, (0, 0), side * generator.uniform(0.01, 0.06))


def _moved(image: np.ndarray, mask: np.ndarray, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Both, shifted and scaled a little together."""
    side, scale = image.shape[0], generator.uniform(0.95, 1 / 0.95)
    shift = generator.uniform(-0.03, 0.03, 2) * side + (1 - scale) * side / 2
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], np.float32)
    image, mask = (cv2.warpAffine(one, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE) for one in (image, mask))
    return image, mask

"""Cuts square faces out of frames, in the same way for training, for prediction and for the notebooks."""

import cv2
import numpy as np

# Chroma subsampling, JPEG's default, would blur the colour seams that give a fake away.
_JPEG = (cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)


def square(box, margin: float, shift: float = 0.0) -> tuple[float, float, float, float]:
    """The square around `box` whose side is the longer side of the box plus `margin` of it.

    Args:
        box: (x0, y0, x1, y1) in pixels.
        margin: 0.3 makes the square 1.3 times the longer side of the box: 0.15 more at either end.
        shift: moves the square down by this share of the box's height.

    Returns:
        (x0, y0, x1, y1), without a shift with the centre of `box`; it may reach over the edge of the frame.
    """
    x0, y0, x1, y1 = (float(value) for value in box)
    half = max(x1 - x0, y1 - y0) * (1 + margin) / 2
    centre_x, centre_y = (x0 + x1) / 2, (y0 + y1) / 2 + shift * (y1 - y0)
    return centre_x - half, centre_y - half, centre_x + half, centre_y + half


def cut(image: np.ndarray, box, side: int) -> np.ndarray:
    """The square `box` of `image`, scaled to `side` pixels.

    What lies over the edge of the frame repeats the frame's outermost pixels: a black border would be an
    edge that no face has, and moving the square inwards would shift faces by where they stand.

    Args:
        image: RGB uint8, height x width x 3.
        box: (x0, y0, x1, y1) in pixels, as `square` makes it.
        side: of the crop, in pixels.

    Returns:
        RGB uint8, side x side x 3.

    Raises:
        ValueError: the box is empty or lies wholly outside the image.
    """
    height, width = image.shape[:2]
    length = max(round(box[2] - box[0]), 1)
    left, top = round(box[0]), round(box[1])
    right, bottom = left + length, top + length
    if box[2] <= box[0] or box[3] <= box[1] or left >= width or top >= height or right <= 0 or bottom <= 0:
        raise ValueError(f"The box {tuple(box)} has nothing of an image of {width} x {height} pixels in it.")
    crop = image[max(top, 0):min(bottom, height), max(left, 0):min(right, width)]
    if crop.shape[:2] != (length, length):
        over = max(-top, 0), max(bottom - height, 0), max(-left, 0), max(right - width, 0)
        crop = cv2.copyMakeBorder(crop, *over, cv2.BORDER_REPLICATE)
    # Averaging is the one way to shrink that leaves no moiré; cubic keeps enlarged faces from looking boxy.
    interpolation = cv2.INTER_AREA if length > side else cv2.INTER_CUBIC
    return cv2.resize(crop, (side, side), interpolation=interpolation)


def encode(crop: np.ndarray) -> bytes:
    """`crop` (RGB uint8) as JPEG, quality 95 without chroma subsampling."""
    written, data = cv2.imencode(".jpg", cv2.cvtColor(crop, cv2.COLOR_RGB2BGR), _JPEG)
    if not written:
        raise ValueError(f"OpenCV cannot encode an array of shape {crop.shape} and type {crop.dtype}.")
    return data.tobytes()


def decode(data: bytes) -> np.ndarray:
    """The RGB uint8 picture in JPEG `data`. Raises ValueError where it holds none."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError("These bytes are not a JPEG picture.")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)

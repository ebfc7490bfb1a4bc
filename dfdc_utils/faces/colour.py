"""From decoded frames to the picture that a good player shows: RGB uint8, the right way up, and not mirrored.

High dynamic range (HLG and PQ, ITU-R BT.2100), which telephones record, is brought to the range of ordinary pictures:
its reference white (203 cd/m², ITU-R BT.2408) comes out near white, what is brighter is compressed.
"""

import av
import numpy as np
from av.sidedata.sidedata import Type
from av.video.reformatter import ColorTrc, VideoReformatter

_PQ, _HLG = int(ColorTrc.SMPTE2084), int(ColorTrc.ARIB_STD_B67)
_WHITE = 203.0
_SHOULDER = 0.75
"""Of reference white: what is darker keeps its light."""
_BT709, _BT601 = 1, 6
# BT.2020 to BT.709, for linear light (ITU-R BT.2087).
_TO_709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32)
_LUMINANCE = np.array([0.2627, 0.6780, 0.0593], np.float32)
# A matrix that is a degree off a right angle is obeyed, as by FFmpeg's own tools.
_CROOKED = np.tan(np.radians(1.0))


class Converter:
    """Turns decoded frames into upright RGB arrays. One a video: it keeps FFmpeg's tables between frames.

    Args:
        threads: that convert; 0 is one a core.
        side: pixels of the shorter side, at most; both sides are then even. None keeps the size.
    """

    def __init__(self, threads: int, side: int | None = None):
        self._reformatter = VideoReformatter()
        self._threads, self._side = threads, side

    def __call__(self, frame) -> np.ndarray:
        if frame.color_trc in (_PQ, _HLG):
            image = _tone_mapped(self._as(frame, "rgb48le"), frame.color_trc)
        else:
            image = self._as(frame, "rgb24")
        transposed, mirrored, upside_down = orientation(frame)
        image = image.swapaxes(0, 1) if transposed else image
        image = image[::-1 if upside_down else 1, ::-1 if mirrored else 1]
        # Rows can be padded in FFmpeg's buffer; contiguous arrays are what everyone else expects.
        return np.ascontiguousarray(image)

    def _as(self, frame, pixel_format: str) -> np.ndarray:
        wanted = {"format": pixel_format, "threads": self._threads, **self._size(frame)}
        try:
            return self._reformatter.reformat(frame, **wanted).to_ndarray()
        except (av.error.FFmpegError, ValueError):
            # A colour matrix that is reserved, or that FFmpeg does not know how to undo: players take the usual one.
            if frame.colorspace in (_BT709, _BT601):
                raise
            frame.colorspace = _BT709 if frame.height >= 720 else _BT601
            return self._reformatter.reformat(frame, **wanted).to_ndarray()

    def _size(self, frame) -> dict:
        if self._side is None:
            return {}
        scale = min(1.0, self._side / min(frame.width, frame.height))
        width, height = (max(2, 2 * int(side * scale / 2)) for side in (frame.width, frame.height))
        return {"width": width, "height": height, "interpolation": "AREA"}


def orientation(frame) -> tuple[bool, bool, bool]:
    """What makes the stored picture upright: whether to swap its axes, then to mirror it, then to turn it over.

    From the display matrix of the container (ISO 14496-12, 6.2.2). One that turns by anything else than right angles
    is broken, and not obeyed.
    """
    found = frame.side_data.get(Type.DISPLAYMATRIX)
    if found is None:
        return False, False, False
    a, b, _, c, d = (float(number) for number in np.frombuffer(bytes(found), np.int32)[:5])
    straight, crossed = (a, d), (b, c)
    transposed = abs(b) + abs(c) > abs(a) + abs(d)
    major, minor = (crossed, straight) if transposed else (straight, crossed)
    if min(map(abs, major)) == 0 or max(map(abs, minor)) > _CROOKED * min(map(abs, major)):
        return False, False, False
    # x' = a x + c y, y' = b x + d y.
    return (True, c < 0, b < 0) if transposed else (False, a < 0, d < 0)


def _tone_mapped(image: np.ndarray, transfer: int) -> np.ndarray:
    """RGB uint8 of RGB uint16 (height, width, 3) in PQ or HLG."""
    light = _light(transfer)[image >> 4]
    if transfer == _HLG:
        light *= np.maximum(light @ _LUMINANCE, 1e-6)[..., None] ** np.float32(0.2)
        light *= 1000 / _WHITE
    light = light @ _TO_709.T
    np.clip(light, 0, None, out=light)
    bright = light > _SHOULDER
    light[bright] = 1 - (1 - _SHOULDER) * np.exp(-(light[bright] - _SHOULDER) / (1 - _SHOULDER))
    return _TO_SRGB[(light * (len(_TO_SRGB) - 1)).astype(np.uint16)]


def _light(transfer: int) -> np.ndarray:
    """Linear light by signal, for 12 bits: of PQ in units of reference white, of HLG in those of the scene."""
    signal = np.linspace(0, 1, 4096)
    if transfer == _PQ:
        power = signal ** (1 / 78.84375)
        light = (np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (1 / 0.1593017578125)
        return (light * 10000 / _WHITE).astype(np.float32)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12).astype(np.float32)


_LINEAR = np.linspace(0, 1, 4096)
_TO_SRGB = np.round(
    255 * np.where(_LINEAR <= 0.0031308, 12.92 * _LINEAR, 1.055 * _LINEAR ** (1 / 2.4) - 0.055)
).astype(np.uint8)

"""A detector that needs no networks, and videos for it."""

import cv2
import numpy as np
from video_files import write_video

from dfdc_utils.faces.detections import Detection, DetectionPass

FIRST = DetectionPass()


class BrightSpots:
    """A detector for pictures whose faces are bright squares on black; needs no networks."""

    second_passes = ()

    def detect(self, images, *, every=1, detection_pass=FIRST):
        return [self._spots(image) for image in images]

    def _spots(self, image):
        bright = (image[..., 0] > 100).astype(np.uint8)
        _, _, spots, _ = cv2.connectedComponentsWithStats(bright)
        return [
            Detection(box=(x, y, x + w, y + h), confidence=0.9, landmarks=np.zeros((5, 2), np.float32))
            for x, y, w, h, _ in spots[1:].tolist()
        ]


def spot_video(path, places, count=24, size=(96, 160)):
    """Red squares of 20 pixels whose centres move right by a pixel a frame from each of `places`."""
    images = []
    for frame in range(count):
        image = np.zeros((*size, 3), np.uint8)
        for x, y in places:
            image[max(y - 10, 0):y + 10, max(x + frame - 10, 0):x + frame + 10, 0] = 240
        images.append(image)
    return write_video(path, images)

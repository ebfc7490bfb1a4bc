"""Finds faces with MTCNN (Zhang et al., IEEE Signal Processing Letters 2016), many frames at a time.

The three networks, their weights and the arithmetic on their boxes come from the package `mtcnn`; the loop
around them is ours. It finds what `MTCNN().detect_faces` finds in a tenth of its time (`make bench`):

- frames are shrunk first, and the networks run as graphs, traced once, on batches of frames of any size;
- between the frames that are searched, faces are followed.

`detect_faces` turns a TensorFlow error in one frame into "no faces" for its whole batch; here errors stay
errors, and images too small to hold a face hold none.
"""

import itertools
from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from dfdc_utils.backend import quietly
from dfdc_utils.faces.detections import Detection, DetectionFailed, DetectionPass

with quietly():
    import tensorflow as tf
    from mtcnn import MTCNN
    from mtcnn.utils import bboxes as boxes_of_mtcnn
    from mtcnn.utils.images import build_scale_pyramid, normalize_images
    from mtcnn.utils.landmarks import adjust_landmarks

    # The first look for a GPU is the last thing that is loud.
    tf.config.list_physical_devices()

# The package's own numbers. The smallest face must stay at 20 pixels: the scale pyramid is built wrongly for
# larger ones, and nothing is found. Shrinking the frame is the way to look for larger faces only.
_SMALLEST_FACE = 20
_SCALE_FACTOR = 0.709
_PROPOSED, _REFINED = 0.6, 0.7
"""Confidence that a face needs more than after the first and after the second network."""
_FIRST = DetectionPass()

# More frames at a time are no faster: their pyramids no longer fit the processor's cache.
_BATCH = 8


class FaceDetector:
    """MTCNN for the frames of a video.

    Args:
        width: frames are shrunk until their longer side is at most this, in pixels. Faces smaller than 20
            pixels are then not found: at 512, 75 pixels of a 1920 x 1080 frame.
        min_confidence: a face needs more than this to be one, between 0 and 1.
        device: TensorFlow's name of a device; by default the GPU if there is one.

    Example:
        >>> detector = FaceDetector(width=512)
        >>> faces = detector.detect(sample("clip.mp4", 32).images)
    """

    second_passes = (
        DetectionPass(name="brighter", brighter=True),
        DetectionPass(name="smaller", brighter=True, scale=0.8, easier=0.1),
        DetectionPass(name="larger", brighter=True, scale=1.9, easier=0.1),
    )
    """For the frames of a video in which few faces are found, in this order: most such videos are dark, and
    then noisy, which shrinking averages out; the last pass is for faces far away."""

    def __init__(self, *, width: int = 512, min_confidence: float = 0.8, device: str | None = None):
        self.width = width
        self.min_confidence = min_confidence
        self.device = device or ("GPU:0" if tf.config.list_physical_devices("GPU") else "CPU:0")
        with tf.device(self.device):
            propose, refine, output = (stage.model for stage in MTCNN(device=self.device).stages)
        self._propose = _on_frames(propose)
        self._refine = _on_patches(refine, 24)
        self._output = _on_patches(output, 48)

    def detect(
        self, images: Sequence[np.ndarray], *, every: int = 1, detection_pass: DetectionPass = _FIRST
    ) -> list[list[Detection]]:
        """The faces in each of `images` (RGB uint8, height x width x 3), most confident first.

        Args:
            images: of any sizes; those of one size are looked at together.
            every: for frames of one video, in order. Above 1, the whole of every `every`-th frame is
                searched, and between them the second and third network look where the face was and will
                be: the first network, which proposes places, takes most of the time. A frame in which this
                finds fewer faces than there are around it is searched as a whole.
            detection_pass: one of `second_passes` where few faces were found.

        Raises DetectionFailed where TensorFlow fails over them.
        """
        # Brightened first: averaging whole levels in the dark would leave a handful of them.
        seen = (_brighten(image) if detection_pass.brighter else image for image in images)
        small = [_shrink(image, round(self.width * detection_pass.scale)) for image in seen]
        try:
            if every > 1 and len({image.shape for image in small}) == 1:
                rows = self._follow(small, every, detection_pass)
            else:
                rows = self._search(small, range(len(small)), detection_pass)
        except tf.errors.OpError as error:
            raise DetectionFailed(f"the face detector failed: {error.message}") from error
        return [_detections(rows[k], small[k].shape, images[k].shape) for k in range(len(images))]

    def _search(
        self, images: list[np.ndarray], which: Iterable[int], detection_pass: DetectionPass
    ) -> dict[int, np.ndarray]:
        """Rows (box, confidence, landmarks) of the faces anywhere in some of `images`."""
        found: dict[int, np.ndarray] = {}
        for batch in _batches(images, which):
            with tf.device(self.device):
                stack = tf.constant(np.stack([images[index] for index in batch]))
                found |= _split(self._confirm(stack, self._proposals(stack, detection_pass), detection_pass), batch)
        return found

    def _follow(self, images: list[np.ndarray], every: int, detection_pass: DetectionPass) -> dict[int, np.ndarray]:
        """As `_search`, for all of `images`, which are frames of one video."""
        last = len(images) - 1
        searched = sorted({*range(0, last, every), last})
        found = self._search(images, searched, detection_pass)
        guesses = {}
        for before, after in itertools.pairwise(searched):
            for index in range(before + 1, after):
                guesses[index] = _between(found[before], found[after], (index - before) / (after - before))
        for batch in _batches(images, [index for index in guesses if len(guesses[index])]):
            with tf.device(self.device):
                stack = tf.constant(np.stack([images[index] for index in batch]))
                rows = [_numbered(guesses[index], place) for place, index in enumerate(batch)]
                found |= _split(self._confirm(stack, np.concatenate(rows), detection_pass), batch)
        # A face of a searched frame that is in neither of the frames beside it was a false alarm; there would
        # be no end of searching for it elsewhere.
        believed = {
            index: min(len(found[index]), max(len(found.get(beside, ())) for beside in (index - 1, index + 1)))
            for index in searched
        }
        lost = [
            index
            for before, after in itertools.pairwise(searched)
            for index in range(before + 1, after)
            if len(found.get(index, ())) < max(believed[before], believed[after], 1)
        ]
        return found | self._search(images, lost, detection_pass)

    def _proposals(self, images: tf.Tensor, detection_pass: DetectionPass) -> np.ndarray:
        """The first network over a pyramid of sizes. Rows: image, square box, confidence."""
        count, height, width = images.shape[:3]
        levels = [np.empty((0, 6))]
        for scale in build_scale_pyramid(width, height, _SMALLEST_FACE, _SCALE_FACTOR):
            offsets, scores = self._propose(images, [int(height * scale), int(width * scale)])
            rows = boxes_of_mtcnn.generate_bounding_box(offsets, scores, _PROPOSED - detection_pass.easier)
            rows = boxes_of_mtcnn.upscale_bboxes(rows, np.full(count, scale))
            levels.append(
                boxes_of_mtcnn.smart_nms_from_bboxes(rows, threshold=0.5, method="union", initial_sort=False)
            )
        rows = np.concatenate(levels)
        rows = boxes_of_mtcnn.smart_nms_from_bboxes(rows, threshold=0.7, method="union", initial_sort=True)
        return boxes_of_mtcnn.resize_to_square(rows)

    def _confirm(self, images: tf.Tensor, rows: np.ndarray, detection_pass: DetectionPass) -> np.ndarray:
        """The second and third network on proposals. Rows: image, box, confidence, landmarks."""
        if not len(rows):
            return np.empty((0, 16))
        offsets, scores = self._refine(images, *_patches(images, rows))
        rows = boxes_of_mtcnn.replace_confidence(rows, scores)
        rows = boxes_of_mtcnn.adjust_bboxes(rows, offsets)
        rows = boxes_of_mtcnn.pick_matches(rows, score_threshold=_REFINED - detection_pass.easier)
        rows = boxes_of_mtcnn.smart_nms_from_bboxes(rows, threshold=0.7, method="union", initial_sort=True)
        rows = boxes_of_mtcnn.resize_to_square(rows)
        if not len(rows):
            return np.empty((0, 16))
        offsets, landmarks, scores = self._output(images, *_patches(images, rows))
        landmarks = adjust_landmarks(landmarks, rows)
        rows = boxes_of_mtcnn.replace_confidence(rows, scores)
        rows = boxes_of_mtcnn.adjust_bboxes(rows, offsets)
        rows = np.concatenate([rows, landmarks], axis=-1)
        threshold = self.min_confidence - detection_pass.easier
        rows = boxes_of_mtcnn.pick_matches(rows, scores_column=5, score_threshold=threshold)
        if not len(rows):
            return np.empty((0, 16))
        return boxes_of_mtcnn.smart_nms_from_bboxes(rows, threshold=0.7, method="min", initial_sort=True)


_IMAGES = tf.TensorSpec((None, None, None, 3), tf.uint8)


def _on_frames(network):
    """`network` on whole frames, scaled to (height, width). The open shapes mean one trace for all sizes."""
    @tf.function(input_signature=[_IMAGES, tf.TensorSpec((2,), tf.int32)])
    def graph(images, size):
        return network(normalize_images(tf.image.resize(images, size, method="area")))
    return graph


def _on_patches(network, side: int):
    """`network` on squares cut out of frames, by boxes (y0, x0, y1, x1 between 0 and 1) and frame numbers."""
    boxes, numbers = tf.TensorSpec((None, 4), tf.float32), tf.TensorSpec((None,), tf.int32)

    @tf.function(input_signature=[_IMAGES, boxes, numbers])
    def graph(images, boxes, numbers):
        # 127.5 is zero after normalising, which is what mtcnn sees beyond the edge.
        patches = tf.image.crop_and_resize(images, boxes, numbers, (side, side), extrapolation_value=127.5)
        return network(normalize_images(patches))
    return graph


def _patches(images: tf.Tensor, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    height, width = images.shape[1:3]
    boxes = rows[:, [2, 1, 4, 3]] / [height, width, height, width]
    return boxes.astype(np.float32), rows[:, 0].astype(np.int32)


def _between(before: np.ndarray, after: np.ndarray, part: float) -> np.ndarray:
    """Squares in which a face may be, given the faces some frames before and after. Shape (n, 4)."""
    guesses = [before[:, :4], after[:, :4]]
    if len(before) and len(after):
        gaps = np.abs(before[:, None, :4] - after[None, :, :4]).sum(axis=2)
        pairs = after[gaps.argmin(axis=1), :4]
        guesses.append(before[:, :4] * (1 - part) + pairs * part)
    return np.concatenate(guesses)


def _numbered(boxes: np.ndarray, number: int) -> np.ndarray:
    """Boxes as proposals of the image `number`: square, with full confidence."""
    ones = np.ones((len(boxes), 1))
    return boxes_of_mtcnn.resize_to_square(np.concatenate([number * ones, boxes, ones], axis=1))


def _split(rows: np.ndarray, batch: list[int]) -> dict[int, np.ndarray]:
    """Rows without their first column, by image, most confident first."""
    rows = rows[np.argsort(-rows[:, 5], kind="stable")]
    return {index: rows[rows[:, 0] == place, 1:] for place, index in enumerate(batch)}


def _batches(images: list[np.ndarray], which: Iterable[int]) -> list[list[int]]:
    """Indices out of `which` of images of one size, at most `_BATCH` together."""
    by_shape: dict[tuple, list[int]] = {}
    for index in which:
        by_shape.setdefault(images[index].shape, []).append(index)
    return [group[k:k + _BATCH] for group in by_shape.values() for k in range(0, len(group), _BATCH)]


def _shrink(image: np.ndarray, width: int) -> np.ndarray:
    """`image` with its longer side at most `width`."""
    scale = width / max(image.shape[:2])
    if scale >= 1:
        return image
    height, width = (max(round(side * scale), 1) for side in image.shape[:2])
    # Averaging whole pixels is four times as fast as averaging parts of them, and leaves less than a halving.
    times = int(1 / scale)
    if times > 1:
        rows, columns = (max(side // times, 1) for side in image.shape[:2])
        image = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA)
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)


def _brighten(image: np.ndarray) -> np.ndarray:
    """`image`, if dark, with its mean brought to about the middle and its contrast evened out."""
    mean = np.clip(image.mean() / 255, 0.004, 1)
    if mean >= 0.45:
        return image
    gamma = np.log(0.45) / np.log(mean)
    levels = (255 * (np.arange(256) / 255) ** gamma).round().astype(np.uint8)
    lightness, *colour = cv2.split(cv2.cvtColor(cv2.LUT(image, levels), cv2.COLOR_RGB2LAB))
    lightness = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(4, 4)).apply(lightness)
    return cv2.cvtColor(cv2.merge([lightness, *colour]), cv2.COLOR_LAB2RGB)


def _detections(rows: np.ndarray, small: tuple, full: tuple) -> list[Detection]:
    """MTCNN's rows (all x of the landmarks stand before all y) in pixels of the full frame."""
    scale = np.array([full[1] / small[1], full[0] / small[0]])
    found = []
    for row in rows:
        x0, y0, x1, y1 = (row[:4].reshape(2, 2) * scale).ravel().tolist()
        # The last network may move a box anywhere: its centre must be in the frame.
        if x0 < x1 and y0 < y1 and 0 <= x0 + x1 < 2 * full[1] and 0 <= y0 + y1 < 2 * full[0]:
            landmarks = (row[5:15].reshape(2, 5).T * scale).astype(np.float32)
            found.append(Detection(box=(x0, y0, x1, y1), confidence=float(row[4]), landmarks=landmarks))
    return found

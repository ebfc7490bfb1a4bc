"""Small copies of the sets that the layouts read, in their real formats: JPEG crops, lists, folders of mp4 files."""

import functools
import io

import av
import cv2
import numpy as np

COLUMNS = "videoname,original_width,original_height,label,original"


def make_crops(root, labels, *, side=224, seed=0):
    """Kaggle's deepfake-faces in `root`: `labels` gives (label, original or "") by the stem of a video's name.

    A fake's crop is its original's with a lighter patch in the middle, so that networks have something to find.
    """
    faces = root / "faces_224"
    faces.mkdir(parents=True)
    generator = np.random.default_rng(seed)
    pictures = {}
    for stem, (label, original) in sorted(labels.items(), key=lambda item: item[1][0], reverse=True):
        coarse = generator.integers(60, 190, (7, 7, 3), dtype=np.uint8)
        picture = pictures.get(original, cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)).copy()
        if label == "FAKE":
            middle = slice(side // 4, 3 * side // 4)
            picture[middle, middle] = cv2.add(picture[middle, middle], (40, 40, 40, 0))
        pictures[stem] = picture
        cv2.imwrite(str(faces / f"{stem}.jpg"), picture)
    lines = [f"{s}.mp4,129,129,{label},{original and original + '.mp4'}" for s, (label, original) in labels.items()]
    (root / "metadata.csv").write_text("\n".join([COLUMNS, *lines]) + "\n")
    return root


def make_videos(root, *paths):
    """The same small clip, an mp4 of eight frames, under each of those names."""
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(_clip())
    return root


@functools.cache
def _clip():
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for value in range(8):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 20 * value, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()

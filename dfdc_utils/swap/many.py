"""Learned swaps of many pairs of people, each at a small budget: clips to ask detectors about."""

from pathlib import Path

import pandas as pd
from tqdm import tqdm

from dfdc_utils import made_from
from dfdc_utils.data.metadata import DRAWN
from dfdc_utils.faces.rewriting import encode_again
from dfdc_utils.faces.video_file import UnreadableVideo
from dfdc_utils.swap.aligned import Aligned, NoFace, align
from dfdc_utils.swap.learning import learn
from dfdc_utils.swap.network import Swapper
from dfdc_utils.swap.putting_back import write_swap
from dfdc_utils.workspace import Workspace

_CRFS = (19, 31)
"""From best to below worst: the encoding of a drawn clip, whatever it is."""
COLUMNS = ("video", "original", "donor", "kind", "path", "reason")
SWAPPED, AGAIN = "learned swap", "encoded again"


def make(
    chosen: pd.DataFrame,
    table: pd.DataFrame,
    workspace: Workspace,
    swapper: Swapper,
    detector,
    *,
    steps: int,
    start: str,
) -> pd.DataFrame:
    """Swaps the faces of pairs of people, and encodes each of the clips a second time without a swap.

    Every pair begins with what `swapper` knows now: people who make such clips do not begin at random either. What is
    there already, made from the same clips in the same way, is kept.

    Args:
        chosen: of `people.pairs`.
        table: the study's, of a drawn set.
        workspace: clips are written to its `swaps`.
        swapper: trained on others; it ends as it began.
        detector: a `FaceDetector`.
        steps: of training, for each pair.
        start: says how `swapper` was trained, for the record of the clips.

    Returns:
        Two rows a pair: video (name), original (that gets the face), donor, kind (`SWAPPED`, `AGAIN`), path; None where
        a clip could not be used, for the reason in the last column.

    Raises ValueError for a set that was not drawn: real people are not swapped here.
    """
    if not (workspace.synthetic / DRAWN).is_file():
        raise ValueError(f"Faces are swapped in drawn sets only, and {workspace.synthetic} holds none.")
    paths = table.set_index("video")["path"].map(Path)
    known: dict[str, Aligned] = {}
    begin = swapper.model.get_weights()
    rows: list[tuple] = []
    for number, pair in enumerate(tqdm(chosen.itertuples(), total=len(chosen), desc="Swapping", unit="pair")):
        stem = f"{Path(pair.video).stem}-{Path(pair.donor).stem}"
        # The quality of the encoding must not tell a fake: as in the set, it is drawn.
        crf = _CRFS[0] + (7 * number + 3) % (_CRFS[1] - _CRFS[0])
        files = {kind: workspace.swaps / f"{stem}-{kind.split()[1]}.mp4" for kind in (SWAPPED, AGAIN)}
        made = made_from.MadeFrom(
            settings={"steps": steps, "crf": crf, "seed": number, "start": start},
            inputs={name: made_from.file_digest(paths[name]) for name in (pair.video, pair.donor)},
            code=made_from.code_of(__name__),
        )
        if any(made_from.difference(workspace, path, made) for path in files.values()):
            try:
                for name in (pair.video, pair.donor):
                    known[name] = known.get(name) or align(paths[name], detector)
            except (NoFace, UnreadableVideo) as error:
                rows += [(files[kind].name, pair.video, pair.donor, kind, None, str(error)) for kind in files]
                continue
            target, donor = known[pair.video], known[pair.donor]
            swapper.model.set_weights(begin)
            learn(swapper, (target.pixels, donor.pixels), steps=steps, seed=number)
            write_swap(target, swapper.swap(0, target.pixels), files[SWAPPED], crf=crf)
            encode_again(target.path, files[AGAIN], crf=crf)
            for path in files.values():
                made_from.record(workspace, path, made)
        rows += [(path.name, pair.video, pair.donor, kind, str(path), None) for kind, path in files.items()]
    swapper.model.set_weights(begin)
    return pd.DataFrame(rows, columns=COLUMNS)

"""A picture of a view's first state, for pages in which no widget runs."""

import io
from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dfdc_utils import plots
from dfdc_utils.explore import answers, previews
from dfdc_utils.explore.clips import Clips
from dfdc_utils.faces import crops, frames
from dfdc_utils.faces.store import open_store
from dfdc_utils.faces.video_file import UnreadableVideo
from dfdc_utils.plots import style
from dfdc_utils.workspace import Workspace

_ROWS = 8


def still(view: str, workspace: Workspace, clips: Clips, video: str | None) -> bytes:
    """A PNG of what the view shows first."""
    draw: Callable[[Workspace, Clips, str | None], Figure] = _VIEWS[view]
    page = io.BytesIO()
    draw(workspace, clips, video).savefig(page, format="png", metadata={"Software": None})
    return page.getvalue()


@style.drawn
def _table(workspace: Workspace, clips: Clips, video: str | None) -> Figure:
    rows = clips.table.head(_ROWS).fillna("")
    columns = clips.columns[:5]
    name = next(iter(clips.scores), None)
    if name:
        # As the view does: one model's, which can be changed there.
        columns = [*columns[:4], f"P(fake), {clips.titles[name]}"]
        scored = zip(clips.scores[name][:_ROWS], clips.judged[name][:_ROWS], strict=True)
        rows[columns[-1]] = [f"{p_fake:.2f}" if judged else "not judged" for p_fake, judged in scored]
    figure, axes = style.panels(1, columns=1, height=0.4 * _ROWS + 0.8)
    axes[0].axis("off")
    style.heading(figure, f"{len(clips.table):,} clips; the first {len(rows)}")
    pictures = answers.thumbnails(workspace, list(rows["video"]))
    for line, row in enumerate(rows[["video", *columns]].itertuples(index=False)):
        if row[0] in pictures:
            place = axes[0].inset_axes((0, 1 - (line + 2) / (_ROWS + 1), 0.045, 1 / (_ROWS + 1)))
            style.picture(place, crops.decode(pictures[row[0]]))
    for line, texts in enumerate([columns, *rows[columns].to_numpy().tolist()]):
        for column, text in enumerate(texts):
            # Not markup: a name may hold a dollar sign.
            axes[0].text(
                0.06 + 0.94 * column / len(columns), 1 - (line + 0.5) / (_ROWS + 1), str(text)[:26], parse_math=False,
                va="center", weight="bold" if not line else "normal", transform=axes[0].transAxes,
                color=plots.LABELS.get(str(text), "black"),
            )
    return figure


def _pair(workspace: Workspace, clips: Clips, video: str | None) -> Figure:
    video = video or _first(clips)
    original = clips.row(video).get("original")
    try:
        fake = frames.sample(clips.row(video)["path"], 4)
        if original not in clips.places:
            return plots.face_strips({"": np.stack(fake.images)}, title=f"Frames of {video}")
        real = frames.sample(clips.row(original)["path"], 4)
        if real.images[0].shape != fake.images[0].shape or len(real.images) != len(fake.images):
            return plots.face_strips({"": np.stack(fake.images)}, title=f"Frames of {video}")
    except UnreadableVideo as error:
        return _words(str(error))
    times = [f"{second:.1f} s" for second in fake.seconds]
    return plots.pair_differences(real.images, fake.images, times, title=f"{original} and its fake {video}")


@style.drawn
def _verdict(workspace: Workspace, clips: Clips, video: str | None) -> Figure:
    video = video or _first(clips, split="test")
    curves = answers.clip_curves(workspace, clips, video)
    figure, axes = style.panels(1, columns=1, height=3)
    looks = style.model_style(clips.titles.values())
    for name, curve in curves.items():
        rows = pd.DataFrame(curve["faces"], columns=["track", "seconds", "p_fake"]).query("track == 0")
        if curve["sequence"]:
            # One verdict on all frames, however far they lie apart; none where this person was not judged.
            for p_fake in rows["p_fake"]:
                axes[0].axhline(p_fake, **looks[clips.titles[name]])
        else:
            axes[0].plot(rows["seconds"], rows["p_fake"], marker="o", **looks[clips.titles[name]])
    axes[0].axhline(0.5, color=style.LIGHT, zorder=0)
    axes[0].set(xlabel="seconds", ylabel="P(fake)", ylim=(-0.02, 1.02))
    axes[0].set_title(f"{video}, {clips.row(video)['label']}", parse_math=False)
    style.model_legend(figure, [clips.titles[name] for name in curves])
    return figure


def _threshold(workspace: Workspace, clips: Clips, video: str | None) -> Figure:
    table = clips.table
    keep = (table["split"] == "test") & table["label"].notna()
    videos = {
        clips.titles[name]: table[keep].assign(p_fake=values[keep], judged=True)
        for name, values in clips.scores.items()
    }
    return plots.confusion_matrices(videos) if videos else _words("No model has predicted anything yet.")


def _faces(workspace: Workspace, clips: Clips, video: str | None) -> Figure:
    store = open_store(workspace)
    known = store.known()
    some = [name for name in clips.table["video"] if name in known.index and known.at[name, "outcome"] == "ok"][:4]
    if not some:
        return _words("No faces have been cut out yet.")
    strips = {name: store.crops_of(name)[:12] for name in some}
    return plots.face_strips(strips, title="Tracks of the first clips")


def _game(workspace: Workspace, clips: Clips, video: str | None) -> Figure:
    path = clips.row(_first(clips, split="train"))["path"]
    try:
        return plots.face_strips({"": previews.still(path)[None]}, title="Fake or real? Run the cell to play.")
    except UnreadableVideo as error:
        return _words(str(error))


@style.drawn
def _words(text: str) -> Figure:
    figure, axes = style.panels(1, columns=1, height=1)
    axes[0].axis("off")
    axes[0].text(0, 0.5, text, parse_math=False, wrap=True)
    return figure


def _first(clips: Clips, split: str | None = None) -> str:
    """The first fake whose original is here, else the first clip; of a split, where it has any."""
    table = clips.table
    if split is not None and (table["split"] == split).any():
        table = table[table["split"] == split]
    fakes = table[(table["label"] == "FAKE") & table["original"].isin(clips.places.keys())]
    return (fakes if len(fakes) else table)["video"].iloc[0]


_VIEWS = {
    "browse": _table, "compare": _pair, "verdict": _verdict, "threshold": _threshold, "faces": _faces, "game": _game,
}

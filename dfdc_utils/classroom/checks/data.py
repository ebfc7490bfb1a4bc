"""Checks of notebooks 00 to 02: labels, files, splits and faces."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dfdc_utils.classroom.checks.verdict import check, is_a, number, wrong
from dfdc_utils.data.splits import SPLITS, leaks
from dfdc_utils.data.study_table import original_of
from dfdc_utils.faces import crops
from dfdc_utils.profiles import Profile

_TEST_SHARES = 0.1, 0.35


@check
def share_of_fakes(answer, table: pd.DataFrame) -> str:
    """00: the share of fakes among the labelled videos of `table`."""
    fake, labelled = table["label"] == "FAKE", table["label"].notna()
    number(answer, fake[labelled].mean(), {
        "Videos without a label are neither fake nor real. Leave them out before you divide.": fake.mean(),
        "That is the share of the real ones.": 1 - fake[labelled].mean(),
        "That is how many there are. A share is this number divided by the number of labelled videos.": fake.sum(),
        "That is per cent. A share lies between 0 and 1.": 100 * fake[labelled].mean(),
    })
    return "Labelled videos only, and a number between 0 and 1."


@check
def two_fakes_of_one_original(answer: Sequence[str], table: pd.DataFrame) -> str:
    """00: the names of two fakes that were made from the same original."""
    is_a(answer, (list, tuple), "a list of two names")
    rows = table.set_index("video").reindex(answer)
    if len(set(answer)) != 2:
        wrong(f"Two different names are wanted; here are {len(set(answer))}.")
    if rows["label"].isna().any():
        wrong(f"No labelled video is called {rows.index[rows['label'].isna()][0]}.")
    if not (rows["label"] == "FAKE").all():
        wrong("One of the two is an original. Both should be fakes.")
    if rows["original"].nunique() > 1:
        wrong("These were made from two different originals. Group the fakes by the column `original`.")
    return "Both are fakes, and they share the person, the room and the light of their original."


@check
def always_fake(answer: tuple[float, float], table: pd.DataFrame) -> str:
    """00: (accuracy, balanced accuracy) of a detector that calls every labelled video fake."""
    is_a(answer, (list, tuple), "two numbers: accuracy, balanced accuracy")
    if len(answer) != 2:
        wrong("Two numbers are wanted: accuracy, balanced accuracy.")
    share = (table["label"].dropna() == "FAKE").mean()
    number(answer[0], share, {
        "Of the accuracy: this detector is right about the fakes, not about the originals.": 1 - share,
    })
    number(answer[1], 0.5, {
        "Of the balanced accuracy: take the mean of two shares, of fakes found and of originals recognised.": share,
    })
    return "A good accuracy, and a balanced accuracy that shows that it knows nothing."


@check
def darkest_clip(answer: str, statistics: pd.DataFrame) -> str:
    """01: the name of the video whose frames are darkest."""
    is_a(answer, str, "the name of a video")
    by_name = statistics.set_index("video")
    if answer not in by_name.index:
        wrong("No video of the table is called that.")
    if answer == by_name["brightness"].idxmax():
        wrong("That is the brightest one.")
    if answer != by_name["brightness"].idxmin():
        darker = by_name["brightness"] < by_name.loc[answer, "brightness"]
        wrong(f"It could be opened, and {darker.sum()} videos are darker. Compare the column `brightness`."
              if darker.any() else "Its frames could not be read: it has no brightness.")
    return "The smallest brightness of all videos that can be read."


@check
def leaking_clips(answer, split: pd.DataFrame) -> str:
    """01: how many test videos of a random split have a clip of the same original in the training split."""
    leaking = leaks(split)
    if not leaking["originals"]:
        wrong("This split is not random: no original stands on both sides. Use the method \"random\".")
    test = split["split"] == "test"
    number(answer, leaking["videos"], {
        "That is the number of originals, not of test videos.": leaking["originals"],
        "That is the number of all test videos: not all of them leak.": test.sum(),
    }, tolerance=0.5)
    return "Each of these test videos shows a room that was seen in training."


@check
def split_by_hand(answer: pd.DataFrame, table: pd.DataFrame) -> str:
    """01: a copy of `table` whose column `split` was filled in by hand, and does not leak."""
    is_a(answer, pd.DataFrame, "a table: a copy of `unsplit`")
    if "split" not in answer or sorted(answer["video"]) != sorted(table["video"]):
        wrong("It should have the same videos as `unsplit`, each once, and a column `split`.")
    labelled = answer[answer["label"].notna()]
    if unknown := sorted({str(name) for name in labelled["split"]} - set(SPLITS)):
        wrong(f"A labelled video is in one of {', '.join(SPLITS)}, and not in {unknown[0]}.")
    if answer.loc[answer["label"].isna(), "split"].isin(SPLITS).any():
        wrong("A video without a label cannot train or test anything. Leave its split as it was.")
    both = labelled.groupby(original_of(labelled))["split"].nunique()
    if (both > 1).any():
        wrong(f"It leaks: {(both > 1).sum()} originals stand in more than one split. Draw originals, not videos.")
    for split in SPLITS:
        if missing := {"FAKE", "REAL"} - set(labelled.loc[labelled["split"] == split, "label"]):
            wrong(f"The {split} split has no {min(missing)} video.")
    share = (labelled["split"] == "test").mean()
    if not _TEST_SHARES[0] <= share <= _TEST_SHARES[1]:
        wrong(f"The test split should have about a fifth of the videos; here its share is {share:.2f}.")
    return "No original stands in two splits, and each split has both labels."


@check
def videos_without_faces(answer, account: pd.DataFrame) -> str:
    """02: how many videos of the account have no face in the store, whatever the reason."""
    number(answer, (account["outcome"] != "ok").sum(), {
        "That is one reason among several: count every outcome that is not `ok`.":
            (account["outcome"] == "no_face").sum(),
        "Those are the videos that have faces.": (account["outcome"] == "ok").sum(),
    }, tolerance=0.5)
    return "They have no face, and they still count when a model is judged."


@check
def wider_crop(answer: np.ndarray, image: np.ndarray, box, profile: Profile, *, margin: float) -> str:
    """02: the face in `box` of `image`, cut with another margin than the profile's."""
    is_a(answer, np.ndarray, "a picture (a NumPy array)")
    wanted = (profile.face_side, profile.face_side, 3)
    if answer.shape != wanted:
        wrong(f"Its shape is {answer.shape}; every crop of this study has {wanted}, whatever its margin.")
    own, other = (
        crops.cut(image, crops.square(box, value, profile.face_shift), profile.face_side)
        for value in (profile.face_margin, margin)
    )
    if np.array_equal(answer, own):
        wrong("This is the crop with the profile's own margin.")
    if not np.array_equal(answer, other):
        wrong(f"This is another crop. Was it cut with the margin {margin} and the profile's `face_shift`?")
    return "More of the hair and of the background is in it, so fewer pixels are left for the face."


@check
def coverage(answer: pd.Series, faces: pd.DataFrame, account: pd.DataFrame) -> str:
    """02: by video, in which share of the frames that were read its main person was found."""
    is_a(answer, pd.Series, "a Series by the name of the video")
    found, read = faces[faces["track"] == 0].groupby("video").size(), account.set_index("video")["frames_read"]
    expected = (found / read).dropna()
    if set(answer.dropna().index) != set(expected.index):
        wrong("It should have one number for every video with a face, by its name.")
    if (answer > 1).any():
        wrong("A share above 1: the second person (track 1) was counted too.")
    if not np.allclose(answer[expected.index].astype(float), expected, atol=0.005):
        wrong("The numbers are others. Divide by `frames_read`: not every frame of the clip was looked at.")
    return "The main person's faces, divided by the frames that were read."

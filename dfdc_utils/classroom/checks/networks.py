"""Checks of notebooks 03 to 06: training sets, curves, sizes of networks, sequences."""

import numpy as np
import pandas as pd

from dfdc_utils.backend import keras, layers
from dfdc_utils.classroom.checks.verdict import check, is_a, number, wrong
from dfdc_utils.explain.layers import all_layers


@check
def kept_epoch(answer, history: pd.DataFrame) -> str:
    """03: the epoch, from 1, whose weights were kept; of equally accurate ones that with the least loss."""
    rows = history.set_index("epoch")
    best = rows.sort_values(["val_accuracy", "val_loss"], ascending=[False, True]).index[0]
    number(answer, best, {
        "Epochs are counted from 1 here; this is a row number, from 0.": best - 1,
        "That is the best epoch on the training faces. They are known by heart; look at the validation split.":
            rows["accuracy"].idxmax(),
        "That is the last epoch. The last is kept only if it is the best.": rows.index[-1],
    }, tolerance=0.1)
    return "Chosen on the validation split. The test split was not asked."


@check
def larger_network(answer: "keras.Model", model: "keras.Model") -> str:
    """03: the same architecture for faces of twice the side."""
    is_a(answer, keras.Model, "a network, as `models.build` gives it")
    side = model.input_shape[1]
    if answer.input_shape[1] == side:
        wrong("Its faces are as large as before. Give `models.build` a profile with another `face_side`.")
    if answer.input_shape[1:] != (2 * side, 2 * side, 3):
        wrong(f"Its input is {answer.input_shape[1:]}; twice the side of {side} pixels was asked for.")
    if answer.name != model.name:
        wrong(f"This is another architecture, {answer.name}.")
    return (f"{answer.count_params():,} parameters instead of {model.count_params():,}: global pooling "
            "takes maps of any size, and kernels do not grow with the picture.")


@check
def training_pairs(answer: pd.DataFrame, table: pd.DataFrame) -> str:
    """03: training videos, each original with one fake made from it."""
    is_a(answer, pd.DataFrame, "a table: rows of the study's table")
    rows = table.set_index("video").reindex(answer["video"]) if "video" in answer else pd.DataFrame()
    if rows.empty or rows["path"].isna().any():
        wrong("It should be rows of the study's table, with its column `video`, and not empty.")
    if rows.index.duplicated().any():
        wrong(f"{rows.index[rows.index.duplicated()][0]} is in it twice.")
    if others := sorted(set(rows["split"].dropna()) - {"train"}):
        wrong(f"There are videos of the split {others[0]} in it. To train on them is to know the answers of the exam.")
    counts = rows["label"].value_counts()
    if counts.get("FAKE", 0) != counts.get("REAL", 0):
        wrong(f"It is not balanced: {counts.get('FAKE', 0)} fakes and {counts.get('REAL', 0)} originals.")
    if set(rows["original"].dropna()) != set(rows.index[rows["label"] == "REAL"]):
        wrong("As many fakes as originals, but not in pairs: some fake has no original in it.")
    train = table[table["split"] == "train"]
    if missing := set(train["original"].dropna()) & set(train["video"]) - set(rows.index):
        wrong(f"Of the training originals that have a fake there, {len(missing)} are not in it.")
    return "Balanced, in pairs, and of the training split only."


@check
def share_of_first_dense(answer, model: "keras.Model") -> str:
    """04: the share of the parameters that lies in the first dense layer."""
    dense = [layer.count_params() for layer in model.layers if isinstance(layer, layers.Dense)]
    number(answer, dense[0] / model.count_params(), {
        "That is both dense layers together.": sum(dense) / model.count_params(),
        "That is the number of parameters. Divide it by that of the whole network.": dense[0],
        "That is the share of everything else.": 1 - dense[0] / model.count_params(),
    }, tolerance=0.004)
    return "The parameters of the layer `dense`, divided by those of the network."


@check
def with_dropout(answer: "keras.Model", model: "keras.Model", *, rate: float) -> str:
    """04: the same network with another rate of dropout."""
    is_a(answer, keras.Model, "a network, as `models.build` gives it")
    if answer.name != model.name:
        wrong(f"This is another architecture, {answer.name}.")
    rates = sorted({layer.rate for layer in answer.layers if isinstance(layer, layers.Dropout)})
    if rates != [rate]:
        wrong(f"Its layers leave out a share of {rates} of the values; {rate} was asked for.")
    if answer.input_shape != model.input_shape:
        wrong(f"Its input changed too, to {answer.input_shape[1:]}. Change one thing at a time.")
    return "The same parameters: dropout has none, and does something in training only."


@check
def receptive_field(answer, model: "keras.Model") -> str:
    """04: the side, in pixels of the face, of what one value of the last convolution sees."""
    field, jump, without_jumps, after_pooling = 1, 1, 1, 1
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D):
            field += (layer.kernel_size[0] - 1) * jump
            without_jumps += layer.kernel_size[0] - 1
            last = field
        elif isinstance(layer, layers.MaxPooling2D):
            field += (layer.pool_size[0] - 1) * jump
            jump *= layer.pool_size[0]
            after_pooling = field
    number(answer, last, {
        "After a pooling, one step on the map is two (or four) pixels of the face: the jump grows.": without_jumps,
        "This has the last pooling in it. The question stops at the last convolution.": after_pooling,
    }, tolerance=0.1)
    return "Larger than an eye, smaller than a face of the paper's 256 pixels: mesoscopic. In `mini` it is most of one."


@check
def gap(answer, history: pd.DataFrame, epoch: int) -> str:
    """05: accuracy on training faces minus that on validation faces, at the epoch that was kept."""
    rows = history.set_index("epoch")
    difference = rows["accuracy"] - rows["val_accuracy"]
    number(answer, difference[epoch], {
        "Take training minus validation: above zero means better on known people.": -difference[epoch],
        "That is the gap of the last epoch, not of the one that was kept.": difference.iloc[-1],
        "That is per cent. Accuracies are shares here.": 100 * difference[epoch],
    }, tolerance=0.002)
    return "Above zero: better on known people. Below zero: augmentation makes training faces harder."


@check
def growth(answer, wider: "keras.Model", model: "keras.Model") -> str:
    """05: how many times as many parameters the network of another width has."""
    is_a(wider, keras.Model, "a network, as `models.build` gives it, in `wider`")
    if wider.count_params() == model.count_params():
        wrong("`wider` has as many parameters as before. Give `models.build` another `backbone_width`.")
    ratio = wider.count_params() / model.count_params()
    number(answer, ratio, {
        "This is the other way round: divide the larger number by the smaller one.": 1 / ratio,
        "That is a difference. How many *times* as many was asked.": wider.count_params() - model.count_params(),
    }, tolerance=0.02)
    return "The number changes faster than the width: a kernel has inputs × outputs, and both change."


@check
def layers_with_weights(answer, model: "keras.Model") -> str:
    """05: the number of convolutions and dense layers, also of those in nested networks."""
    every = all_layers(model)
    counted = [layer for layer in every if isinstance(layer, (layers.Conv2D, layers.Dense))]
    outside = [layer for layer in model.layers if isinstance(layer, (layers.Conv2D, layers.Dense))]
    number(answer, len(counted), {
        "These are all layers, also poolings and sums, which learn nothing.": len(every),
        "The backbone is a network inside the network: look into it with `all_layers`.": len(outside),
        "The last layer, which gives P(fake), counts too.": len(counted) - 1,
    }, tolerance=0.1)
    return "That is where the number in the network's name comes from."


@check
def sequence_helps(answer: bool, difference: tuple[float, float, float]) -> str:
    """06: whether the interval of a difference shows that the sequence helps."""
    is_a(answer, (bool, np.bool_), "True or False")
    _, low, high = difference
    if answer and low <= 0:
        wrong("Look at the two ends of the interval: zero is in it, or all of it lies below zero.")
    if not answer and low > 0:
        wrong("Look at the two ends of the interval: both lie above zero.")
    return "A difference is shown only where its whole interval lies on one side of zero."


@check
def half_padded(answer: np.ndarray, window: np.ndarray) -> str:
    """06: one window (1, frames, side, side, 3) whose later half is padding (-1)."""
    is_a(answer, np.ndarray, "an array")
    if answer.shape != window.shape:
        wrong(f"Its shape is {answer.shape}, that of the window {window.shape}: padding keeps the number of frames.")
    half = window.shape[1] // 2
    if not (answer[:, half:] == -1).all():
        wrong("The later half should be padding: −1 in every value. (0 is a black picture, which is read.)")
    if not np.array_equal(answer[:, :half], window[:, :half]):
        wrong("The first half should stay as it was. Was a copy changed?")
    return "The mask keeps the network from reading the padding, so it judges half as many faces."


@check
def shuffled(answer: np.ndarray, window: np.ndarray) -> str:
    """06: the same frames in another order."""
    is_a(answer, np.ndarray, "an array")
    if answer.shape != window.shape:
        wrong(f"Its shape is {answer.shape}, that of the window {window.shape}.")
    before, after = (sorted(frame.tobytes() for frame in each[0]) for each in (window, answer))
    if before != after:
        wrong("These are not the same frames. Shuffle the second axis only: the pixels of a frame stay together.")
    if np.array_equal(answer, window):
        wrong("The order is the same as before.")
    return "The same evidence in another order: what changes in the answer is what the order was worth."

"""Which test-time augmentations help, by how much, and at what cost."""

import pandas as pd

from dfdc_utils.evaluation import bootstrap
from dfdc_utils.evaluation.aggregation import PLAIN, every_video, video_scores


def tta_ablation(
    predictions: pd.DataFrame, table: pd.DataFrame, account: pd.DataFrame, *, seed: int, rounds: int = 1000
) -> pd.DataFrame:
    """What each variant changes on the test split, from the predictions alone.

    Args:
        predictions: of one model, from `predict.predict`.
        table, account: as in `aggregation.every_video`.
        seed, rounds: of the bootstrap over originals, in which the scores with and without see the same draws.

    Returns:
        One row for each variant, whose answers are averaged with the plain ones, and a row "all" for the mean of
        plain and every variant: variant; auc and log_loss, each with minus without, with their 95 % intervals
        auc_low, auc_high, log_loss_low, log_loss_high (an AUC is better above zero, a log loss below);
        seconds_per_face, which it takes beside the plain prediction. No rows where no variants were predicted.
    """
    names = [name for name in predictions["variant"].unique() if name != PLAIN]
    test = predictions[predictions["video"].isin(table.loc[table["split"] == "test", "video"])]
    without = every_video(video_scores(test), table, account)
    seconds = predictions.attrs["seconds_per_face"]
    rows = []
    for title, variants in {**{name: [name] for name in names}, "all": names}.items() if names else ():
        averaged = video_scores(test[test["variant"].isin([PLAIN, *variants])], tta=True)
        row = {"variant": title}
        for measure, statistic in (("auc", bootstrap.auc), ("log_loss", bootstrap.log_loss)):
            row[measure], row[f"{measure}_low"], row[f"{measure}_high"] = bootstrap.paired_difference(
                every_video(averaged, table, account), without, statistic, seed=seed, rounds=rounds
            )
        rows.append(row | {"seconds_per_face": sum(seconds[name] for name in variants)})
    return pd.DataFrame(rows)

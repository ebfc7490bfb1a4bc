"""What a study prints at its end: results that are current, and which are not."""

import pandas as pd

from dfdc_utils.study.jobs import Job, reasons
from dfdc_utils.study.stages import stage_of
from dfdc_utils.workspace import Workspace

# The columns of the comparison table that a terminal has room for.
_SHOWN = {
    "title": "model",
    "train_accuracy": "train accuracy",
    "test_accuracy": "test accuracy",
    "test_accuracy_tta": "with TTA",
    "test_auc": "test AUC",
    "test_log_loss": "test log loss",
    "test_auc_mean": "mean AUC",
    "test_auc_sd": "± of seeds",
}


def print_results(workspace: Workspace, jobs: list[Job]) -> None:
    """Prints the comparison table if it is current; else why it is not, and the command that makes it so."""
    print()
    why = reasons(jobs)
    table = workspace.comparison.relative_to(workspace.run).as_posix()
    maker = next((job.name for job in jobs if table in stage_of(job.notebook.stem).writes), None)
    reason = why.get(maker) if maker else "no notebook makes it"
    if reason is None:
        comparison = pd.read_csv(workspace.comparison)
        seeds = int(comparison["seeds"].max()) if "seeds" in comparison else 1
        # Of one training seed the mean says nothing new.
        shown = [name for name in _SHOWN if name in comparison and (seeds > 1 or not name.startswith("test_auc_"))]
        comparison = comparison[shown].rename(columns=_SHOWN)
        print(comparison.to_string(index=False, float_format="{:.4f}".format, na_rep="-"))
        if seeds > 1:
            print(f"Mean and standard deviation are of {seeds} training seeds; all else is of the study's own.")
    elif workspace.comparison.is_file():
        print(f"The comparison table of before is not shown, for it is not current: {maker}: {reason}.")
    else:
        print(f"No comparison table yet: notebook {maker} makes it.")
    stale = dict.fromkeys(name[:2] for name, reason in why.items() if reason and workspace.ledger.is_file())
    if stale:
        print(f"Not current: notebooks {' '.join(stale)}. `study --list` says why, `study` runs them.")
    print(f"\nExecuted notebooks  {workspace.notebooks}")
    print(f"Figures             {workspace.figures}")

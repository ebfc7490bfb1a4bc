"""What a study prints at its end: results that are current, and which are not."""

from pathlib import Path

import pandas as pd

from dfdc_utils.study.ledger import Ledger
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
}


def print_results(workspace: Workspace, notebooks: list[Path], ledger: Ledger) -> None:
    """Prints the comparison table if it is current; else why it is not, and the command that makes it so."""
    print()
    reasons = ledger.reasons(notebooks)
    table = workspace.comparison.relative_to(workspace.run).as_posix()
    maker = next((path.stem for path in notebooks if table in stage_of(path.stem).writes), None)
    reason = reasons.get(maker) if maker else "no notebook makes it"
    if reason is None:
        comparison = pd.read_csv(workspace.comparison)
        comparison = comparison[[column for column in _SHOWN if column in comparison]].rename(columns=_SHOWN)
        print(comparison.to_string(index=False, float_format="{:.4f}".format, na_rep="-"))
    elif workspace.comparison.is_file():
        print(f"The comparison table of before is not shown, for it is not current: {maker}: {reason}.")
    else:
        print(f"No comparison table yet: notebook {maker} makes it.")
    stale = [name[:2] for name, why in reasons.items() if why and workspace.ledger.is_file()]
    if stale:
        print(f"Not current: notebooks {' '.join(stale)}. `study --list` says why, `study` runs them.")
    print(f"\nExecuted notebooks  {workspace.notebooks}")
    print(f"Figures             {workspace.figures}")

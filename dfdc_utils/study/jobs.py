"""The notebooks of a study as jobs: one each, and, for each further training seed, one more of those that train."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dfdc_utils.study.ledger import Ledger
from dfdc_utils.study.stages import SEEDS, shows, stage_of, waits_for
from dfdc_utils.workspace import Workspace


@dataclass(frozen=True)
class Job:
    """A notebook, for one training seed."""

    notebook: Path
    workspace: Workspace
    ledger: Ledger
    name: str
    """"03_train_custom_cnn"; of a further seed "03_train_custom_cnn, seed 1"."""
    repeats: bool
    """Whether it is one of a further seed."""

    def needs(self, other: "Job") -> bool:
        """Whether it can do nothing without what `other` writes."""
        if not waits_for(self.notebook.stem, other.notebook.stem):
            return False
        # What no training seed changes is there once.
        shared = self.repeats and not other.repeats and not stage_of(other.notebook.stem).repeated
        return self.workspace is other.workspace or shared

    def is_of(self, other: "Job") -> bool:
        """Whether it is out of date when `other` is: it needs it, or gathers what it came to with another seed."""
        gathers = not self.repeats and other.repeats and SEEDS in stage_of(self.notebook.stem).reads
        return self.needs(other) or (gathers and waits_for(self.notebook.stem, other.notebook.stem))

    def waits(self, other: "Job") -> bool:
        """Whether it runs after `other`: it is of it, or shows it too."""
        shown = self.workspace is other.workspace and shows(self.notebook.stem, other.notebook.stem)
        return self.is_of(other) or shown


def jobs_of(workspace: Workspace, data: Path | None, notebooks: list[Path], seeds: Sequence[int] = ()) -> list[Job]:
    """All notebooks for the workspace's own training seed, and for each further one those that it concerns.

    Args:
        workspace: of the study.
        data: the root of the data set; None where it is not at hand.
        notebooks: in their order.
        seeds: training seeds.

    Raises ValueError where the workspace is itself one of a further seed, and there are others.
    """
    further = [seed for seed in dict.fromkeys(seeds) if seed != workspace.profile.training_seed]
    if further and workspace.run != workspace.base:
        raise ValueError(
            "Further seeds are trained beside a study with its own training seed: leave --set training_seed away, and "
            "name all seeds with --seeds."
        )
    ledger = Ledger(workspace, data)
    jobs = [Job(path, workspace, ledger, path.stem, repeats=False) for path in notebooks]
    for seed in further:
        other = workspace.of_seed(seed)
        ledger = Ledger(other, data)
        jobs += [
            Job(path, other, ledger, f"{path.stem}, seed {seed}", repeats=True)
            for path in notebooks if stage_of(path.stem).repeated
        ]
    return jobs


def reasons(jobs: list[Job]) -> dict[str, str | None]:
    """By name, why each of some jobs has to be run, or would be after those before it; None where it need not."""
    found = {job.name: job.ledger.reason_to_run(job.notebook) for job in jobs}
    # Those of further seeds come last and one of the study's own gathers them: so a second round.
    for _ in range(2):
        for job in jobs:
            before = [other for other in jobs if job.is_of(other) and found[other.name]]
            if before and not found[job.name]:
                names = dict.fromkeys(other.notebook.stem[:2] for other in before)
                found[job.name] = f"if {', '.join(names)} brings something new"
    return found

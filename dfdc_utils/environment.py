"""Where the code runs, what is installed, and what is wrong with it."""

import os
from pathlib import Path

KAGGLE_INPUT = Path("/kaggle/input")


def kind() -> str:
    """"kaggle", "colab" or "local"."""
    if "KAGGLE_KERNEL_RUN_TYPE" in os.environ:
        return "kaggle"
    return "colab" if "COLAB_RELEASE_TAG" in os.environ else "local"


def kaggle_mounts() -> list[Path]:
    """The folders under which Kaggle mounts data sets; none elsewhere.

    A competition's data lies in `/kaggle/input/<slug>` or `/kaggle/input/competitions/<slug>`.
    """
    return [folder for folder in (KAGGLE_INPUT / "competitions", KAGGLE_INPUT) if folder.is_dir()]

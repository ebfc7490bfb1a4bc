from pathlib import Path

import pytest
from video_files import counted, write_video


@pytest.fixture
def clip(tmp_path) -> Path:
    """Forty frames that can be told apart, with sound."""
    return write_video(tmp_path / "clip.mp4", counted(40), sound=True)

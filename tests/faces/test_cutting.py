import pytest

from dfdc_utils import profiles
from dfdc_utils.faces.cutting import cutting, folder_name
from dfdc_utils.faces.store import open_store
from dfdc_utils.workspace import Workspace

TINY = profiles.get("tiny")


@pytest.mark.parametrize("change", [
    {"min_frames": 1}, {"frames_per_video": 7}, {"detection_width": 300}, {"face_margin": 0.0}, {"face_shift": 0.1},
    {"face_side": 96}, {"max_people": 1}, {"boxes": "original"}, {"source": "crops"},
])
def test_what_changes_faces_has_another_folder(change, workspace):
    other = TINY.replace(**change)
    assert folder_name(cutting(other)) != folder_name(cutting(TINY))
    assert folder_name(cutting(other)).startswith(f"{other.face_side}px-")
    assert open_store(Workspace.open(other)).folder != open_store(workspace).folder


@pytest.mark.parametrize(
    "change", [{"videos_per_shard": 3}, {"epochs": 9}, {"videos": 10}, {"seed": 1}, {"source": "dfdc"}]
)
def test_what_does_not_change_faces_has_the_same(change):
    assert folder_name(cutting(TINY.replace(**change))) == folder_name(cutting(TINY))

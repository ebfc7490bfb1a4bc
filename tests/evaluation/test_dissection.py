import keras
import numpy as np
import pandas as pd
import pytest

from dfdc_utils.data.mini import dissected
from dfdc_utils.evaluation import dissection


def test_the_change_is_face_for_face_and_its_interval_over_originals(study):
    """Of a model whose P(fake) is the red of a face."""
    side = study.profile.face_side
    face = keras.Input((side, side, 3))
    red = keras.ops.mean(face[..., 0], axis=(1, 2), keepdims=False)[:, None] / 255
    model = keras.Model(face, red)
    rows = pd.DataFrame({"video": ["a.mp4"] * 2 + ["b.mp4"] * 2 + ["c.mp4"], "track": 0, "frame": [0, 9, 0, 9, 0]})

    def faces(*reds):
        return np.stack([np.full((side, side, 3), red, np.uint8) for red in reds])

    shown = {
        dissected.UNTOUCHED: faces(0, 51, 102, 102, 51),
        dissected.AGAIN: faces(0, 51, 102, 102, 51),
        dissected.SEAM: faces(51, 102, 153, 153, 102),
        dissected.INSIDE: faces(51, 102, 102, 102, 51),
        dissected.WHOLE: faces(102, 153, 204, 204, 153),
    }
    effects = dissection.effects("meso4", model, study.profile, rows, shown).set_index("treatment")
    assert effects["change"].to_dict() == pytest.approx(
        {dissected.AGAIN: 0, dissected.SEAM: 0.2, dissected.INSIDE: 0.2 / 3, dissected.WHOLE: 0.4}, abs=1e-6
    )
    assert (effects["originals"] == 3).all()
    # Two originals of three stay where they are: the mean over originals drawn anew reaches from none to all moved.
    inside = effects.loc[dissected.INSIDE]
    assert inside["low"] == pytest.approx(0, abs=1e-6) and inside["high"] == pytest.approx(0.2, abs=1e-6)
    # Where every original moves alike nothing is uncertain.
    assert effects.loc[dissected.SEAM, ["low", "high"]].tolist() == pytest.approx([0.2, 0.2], abs=1e-6)

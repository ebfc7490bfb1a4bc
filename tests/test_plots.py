"""Figures are drawn of made-up numbers, and asked what they show."""

import base64
import subprocess
import sys
from types import SimpleNamespace

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from dfdc_utils import models, plots, profiles

GENERATOR = np.random.default_rng(0)
TITLES = [models.title(name) for name in models.names()]


def texts(figure):
    """Everything that is written in a figure."""
    figure.draw_without_rendering()
    return " | ".join(text.get_text() for text in figure.findobj(plt.Text) if text.get_text())


def crops(count, side=24):
    return GENERATOR.integers(0, 256, (count, side, side, 3), dtype=np.uint8)


@pytest.fixture
def table():
    rows = []
    for part in range(6):
        rows += [(f"r{part}{n}.mp4", f"dfdc_train_part_{part}", "REAL", None) for n in range(3)]
        rows += [
            (f"f{part}{n}.mp4", f"dfdc_train_part_{part}", "FAKE", f"r{part}{n % 3}.mp4") for n in range(7)
        ]
    rows += [(f"u{n}.mp4", "test_videos", None, None) for n in range(4)]
    frame = pd.DataFrame(rows, columns=["video", "part", "label", "original"])
    return frame.assign(split=np.where(frame["label"].isna(), "unlabelled", "train"))


@pytest.fixture
def statistics(table):
    count = len(table)
    return table[["video", "part", "label"]].assign(
        frames=GENERATOR.choice([150, 150, 300, 83], count).astype(float),
        rate=GENERATOR.choice([30.0, 24.0], count), seconds=GENERATOR.normal(5, 1, count),
        size_bytes=GENERATOR.normal(6e5, 1e5, count), bit_rate=GENERATOR.normal(8e5, 1e5, count),
        brightness=GENERATOR.normal(110, 20, count), width=640.0, height=360.0, rotation=0.0, codec="h264",
        pixel_format="yuv420p", audio_codec=[None, "aac"] * (count // 2),
        reason=[*[None] * (count - 1), "empty"],
    )


@pytest.fixture
def videos():
    """Scores of five models on thirty test videos, the last of them without a face."""
    labels = np.array(["REAL"] * 8 + ["FAKE"] * 22)
    result = {}
    for number, title in enumerate(TITLES):
        p_fake = 1 / (1 + np.exp(-(2 - 0.3 * number) * (labels == "FAKE") + 0.8 - GENERATOR.normal(0, 1, 30)))
        judged = np.arange(30) < 29
        result[title] = pd.DataFrame({
            "video": [f"{n}.mp4" for n in range(30)], "label": labels, "judged": judged,
            "p_fake": np.where(judged, p_fake, 0.7),
        })
    return result


@pytest.fixture
def measured():
    """What `metrics.evaluate` returns, as far as it is drawn."""
    def of(accuracy, auc, log_loss):
        return {"accuracy": accuracy, "auc": auc, "log_loss": log_loss}

    return {
        title: {"test": {"video": {"plain": of(0.7 + n / 50, 0.8 + n / 40, 0.5 - n / 20),
                                   "tta": of(0.72 + n / 50, 0.81 + n / 40, 0.47 - n / 20)}}}
        for n, title in enumerate(TITLES)
    }


@pytest.fixture
def compared():
    return pd.DataFrame({
        "title": TITLES, "train_accuracy": [0.95, 0.9, 0.88, 1.0, 0.7, 0.8, None],
        "test_accuracy": [0.85, 0.8, 0.79, 0.9, 0.7, 0.7, 0.6],
        "test_accuracy_tta": [0.86, 0.8, 0.8, 0.9, 0.73, 0.7, 0.6],
        "test_auc": [0.93, 0.88, 0.86, 0.81, 0.7, 0.69, 0.6],
        "test_auc_low": [0.85, 0.8, 0.75, 0.66, 0.55, 0.5, 0.45],
        "test_auc_high": [0.99, 0.95, 0.93, 0.9, 0.84, 0.8, 0.7],
    })


@pytest.fixture
def history():
    epochs = np.arange(1, 13)
    return pd.DataFrame({
        "epoch": epochs, "loss": 0.7 * 0.85**epochs, "accuracy": 1 - 0.5 * 0.85**epochs,
        "val_loss": 0.5 + 0.02 * (epochs - 6) ** 2, "val_accuracy": 0.8 - 0.005 * (epochs - 7) ** 2,
    })


def test_labels_per_part_counts_every_video(table):
    figure = plots.labels_per_part(table)
    heights = sum(bar.get_height() for bar in figure.axes[0].patches)
    assert heights == len(table)
    assert "REAL (18) | FAKE (42) | unlabelled (4)" in texts(figure)


def test_fakes_per_original(table):
    figure = plots.fakes_per_original(table)
    # Of each part's three originals one has three fakes, the others two.
    assert [bar.get_height() for bar in figure.axes[0].patches] == [12, 6]
    assert "18 originals, 42 fakes" in texts(figure)


def test_histograms_are_shares_of_each_label(statistics):
    figure = plots.histograms(statistics)
    assert len(figure.axes) == 6
    for ax in figure.axes:
        areas = [_area(filled.get_paths()[0].vertices) for filled in ax.collections]
        # Of twenty bins, so that an area is the width of a bin times the sum of the shares.
        low, high = np.ptp(ax.dataLim.intervalx) / 20 * np.array([99.9, 100.1])
        assert len(areas) == 2 and low < min(areas) <= max(areas) < high


def test_histograms_leave_out_what_has_no_label(statistics):
    extreme = statistics.assign(seconds=np.where(statistics["label"].isna(), 1e6, statistics["seconds"]))
    (seconds,) = plots.histograms(extreme, {"seconds": ("Duration (s)", 1)}).axes
    assert seconds.get_xlim()[1] < 20


def _area(corners):
    x, y = corners.T
    return abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2


def test_categories_count_what_cannot_be_read(statistics):
    written = texts(plots.categories(statistics))
    assert "640×360" in written and "none" in written and "unreadable" in written


def test_differences_are_amplified():
    real = [np.full((18, 32, 3), 100, np.uint8)] * 3
    fake = [np.full((18, 32, 3), 97, np.uint8)] * 3
    figure = plots.pair_differences(real, fake, ["0.0 s", "2.0 s", "4.0 s"], title="a.mp4", amplify=10)
    assert figure.axes[6].images[0].get_array().max() == pytest.approx(30)
    assert "difference ×10" in texts(figure) and "2.0 s" in texts(figure)


def test_trivial_baseline():
    baseline = SimpleNamespace(
        auc=0.61, alone=pd.Series({"size_bytes": 0.7, "bit_rate": 0.6, "face_laplacian": 0.5}),
        telling=pd.Series({"size_bytes": 0.7}),
        videos=pd.DataFrame({"label": ["REAL", "FAKE", "FAKE"], "p_fake": [0.3, 0.2, 0.9]}),
    )
    written = texts(plots.trivial_baseline(baseline))
    assert "All together: test AUC 0.61" in written and "face sharpness" in written


def test_splits_and_what_leaks(table):
    labelled = table[table["label"].notna()]
    halves = labelled.assign(split=np.where(np.arange(60) < 40, "train", "test"))
    figure = plots.splits(
        {"by part": halves, "at random": halves},
        {"by part": {"videos": 0, "originals": 0}, "at random": {"videos": 10, "originals": 5}},
    )
    assert "10 (50 %)" in texts(figure) and "0 (0 %)" in texts(figure)
    train, test = ([(bar.get_x(), bar.get_width()) for bar in bars] for bars in figure.axes[0].containers)
    assert train == [(0, 40)] * 2 and test == [(40, 20)] * 2


def test_detections_are_drawn_in_the_frames_pixels():
    face = SimpleNamespace(box=(10.0, 5.0, 30.0, 35.0), confidence=0.987, landmarks=np.full((5, 2), 20.0))
    frame = np.zeros((60, 80, 3), np.uint8)
    figure = plots.detections([frame, frame], [[face], []], ["frame 0", "frame 9"])
    box = figure.axes[0].patches[0]
    assert (box.get_x(), box.get_y(), box.get_width(), box.get_height()) == (10, 5, 20, 30)
    assert len(figure.axes[1].patches) == 0
    assert "0.987" in texts(figure)


def test_strips_show_evenly_spaced_faces():
    figure = plots.face_strips({"a": crops(30), "b": crops(2)}, labels=["REAL", "FAKE"], count=5)
    assert len([ax for ax in figure.axes if ax.images]) == 5 + 2


def test_outcomes_add_up():
    account = pd.DataFrame({"outcome": ["ok"] * 96 + ["no_face"] * 3 + ["unreadable"]})
    written = texts(plots.outcomes(account))
    assert "What became of 100 videos" in written and "96 (96.0 %)" in written and "no face" in written


def test_face_statistics():
    faces = pd.DataFrame({
        "video": ["a"] * 5 + ["b"] * 3, "track": 0, "x0": 0, "y0": 0, "x1": 50, "y1": range(40, 48),
        "confidence": 0.99,
    })
    figure = plots.face_statistics(faces, face_side=224)
    assert sum(bar.get_height() for bar in figure.axes[0].patches) == 8
    assert sum(bar.get_height() for bar in figure.axes[2].patches) == 2


def test_contact_sheet_frames_faces_in_the_colour_of_their_label():
    figure = plots.contact_sheet(
        crops(5), labels=["REAL", "FAKE", "FAKE", "REAL", None], captions=list("abcde"), columns=3
    )
    edges = [ax.spines["left"].get_edgecolor() for ax in figure.axes if ax.images]
    assert edges[0] == edges[3] != edges[1] == edges[2]
    assert edges[0] == plt.matplotlib.colors.to_rgba(plots.REAL)


@pytest.mark.parametrize("inputs", [crops(40), crops(24).reshape(6, 4, 24, 24, 3)])
def test_a_batch_of_faces_or_of_sequences(inputs):
    figure = plots.batch(inputs.astype("float32"), np.array([[0.0], [1.0]] * (len(inputs) // 2)))
    assert sum(bool(ax.images) for ax in figure.axes) in (24, 20)
    assert "REAL" in texts(figure) and "FAKE" in texts(figure)


def test_learning_curves_mark_the_epoch_that_was_kept(history):
    figure = plots.learning_curves(history, 7, title="Meso4")
    assert "kept: epoch 7" in texts(figure)
    assert "0.800" in texts(figure), "the kept epoch's validation accuracy"


def test_trainings_are_compared_over_the_epochs_that_all_of_them_have(history):
    axes = plots.what_if({"pairs": history, "apart": history.head(3)}).axes[0]
    lines = {line.get_label(): line.get_xdata() for line in axes.lines if not line.get_label().startswith("_")}
    assert {choice: list(epochs) for choice, epochs in lines.items()} == {"pairs": [1, 2, 3], "apart": [1, 2, 3]}


def test_pseudo_labels_show_every_video_with_and_without_a_label():
    unlabelled = pd.DataFrame({"label": ["REAL", np.nan, "FAKE"], "p_fake": [0.1, 0.5, 0.9]})
    validation = pd.DataFrame({"label": ["REAL", "FAKE"], "p_fake": [0.4, 0.8]})
    figure = plots.pseudo_labels(unlabelled, validation, 0.8)
    shown = [x for dots in figure.axes[0].collections for x, _ in dots.get_offsets()]
    assert sorted(shown) == [0.1, 0.4, 0.5, 0.8, 0.9]
    assert "no label given" in texts(figure)


@pytest.mark.parametrize("name", ["meso4", "custom_cnn", "resnet50_lstm", "resnet50_afw"])
def test_an_architecture_is_drawn_from_the_model_itself(name):
    model = models.build(name, profiles.get("tiny"))
    written = texts(plots.architecture(model, title=models.title(name)))
    assert f"{model.count_params():,} in all" in written
    assert "64 × 64 × 3" in written and "dense 1, sigmoid" in written
    assert ("LSTM 16" in written and "backbone (frozen)" in written) == (name in models.SEQUENCE_MODELS)


def test_an_architecture_says_which_number_of_a_frame_is_which():
    written = texts(plots.architecture(models.build("resnet50_afw", profiles.get("tiny"))))
    assert "dense 1, relu (weight)" in written and "0 where padded (weight)" in written
    assert "dense 1 (logit)" in written and "sigmoid (first verdict)" in written


def test_an_architecture_of_a_few_layers_names_each():
    face = keras.Input((16, 16, 3))
    x = keras.layers.MaxPooling2D()(keras.layers.Conv2D(4, 5, padding="same")(face))
    model = keras.Model(face, keras.layers.Dense(1, activation="sigmoid")(keras.layers.Flatten()(x)))
    written = texts(plots.architecture(model))
    assert "conv 5×5" in written and "max pool" in written and "flatten" in written
    assert "561 in all" in written  # 4 (5·5·3 + 1) + 4·64 + 1


def test_roc_curves_name_the_auc_best_first(videos):
    videos["Perfect"] = videos["Meso4"].assign(p_fake=(videos["Meso4"]["label"] == "FAKE").astype(float))
    figure = plots.roc_curves(videos)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[0] == "1.000  Perfect" and len(labels) == 1 + len(TITLES)
    perfect = next(line for line in figure.axes[0].lines if line.get_label() == "Perfect")
    assert [0, 1] in perfect.get_xydata().tolist(), "all fakes are found before a real is called fake"


def test_a_long_name_pushes_nothing_off_the_page(videos):
    figure = plots.roc_curves({"Mean of all six, weighted on the validation split": videos["Meso4"]})
    figure.draw_without_rendering()
    shown = [figure.axes[0].yaxis.label, *figure.legends[0].get_texts()]
    boxes = [text.get_window_extent() for text in shown]
    assert min(box.x0 for box in boxes) >= 0 and max(box.x1 for box in boxes) <= figure.bbox.x1


def test_a_model_has_the_same_colour_in_every_figure(videos):
    def colours(figure):
        return {line.get_label(): line.get_color() for line in figure.axes[0].lines[1:]}

    everything = colours(plots.roc_curves(videos))
    fewer = colours(plots.roc_curves({title: videos[title] for title in reversed(TITLES[2:])}))
    assert all(everything[title] == colour for title, colour in fewer.items())
    assert len(set(everything.values())) == len(everything)


def test_confusion_matrices_count_at_one_half(videos):
    rows = pd.DataFrame({"label": ["REAL", "REAL", "FAKE", "FAKE"], "p_fake": [0.1, 0.5, 0.5, 0.4]})
    figure = plots.confusion_matrices({"A": rows})
    cells = [text.get_text() for text in figure.axes[0].texts]
    assert cells == ["1\n50 %", "1\n50 %", "1\n50 %", "1\n50 %"]
    assert len(plots.confusion_matrices(videos).axes) >= 5


def test_tta_effect(measured):
    figure = plots.tta_effect(measured)
    assert [ax.get_title(loc="left") for ax in figure.axes] == [
        "Accuracy", "AUC", "Log loss, lower better"
    ]
    assert "with TTA" in texts(figure)


def test_score_distributions_show_every_video(videos):
    figure = plots.score_distributions(videos)
    (axes,) = figure.axes
    dots = [dots for dots in axes.collections if isinstance(dots, plt.matplotlib.collections.PathCollection)]
    places = np.concatenate([layer.get_offsets() for layer in dots])
    assert sorted(places[:, 0]) == pytest.approx(sorted(pd.concat(videos.values())["p_fake"]))
    fills = np.concatenate([layer.get_facecolors() for layer in dots])
    hollow = fills[:, 3] == 0
    assert sorted(places[hollow, 0]) == [0.7] * len(videos), "who was not judged"
    # Reals above fakes, on the line of their model.
    reals = (fills[:, :3] == plt.matplotlib.colors.to_rgb(plots.REAL)).all(axis=1)
    assert (places[reals, 1] % 1 > 0.5).all() and (places[~reals & ~hollow, 1] % 1 < 0.5).all()
    assert "no face: training prior" in texts(figure)


def test_scores_are_drawn_in_the_same_places_each_time_whatever_chance_does_elsewhere(videos):
    def places():
        return [dots.get_offsets().tolist() for dots in plots.score_distributions(videos).axes[0].collections]

    np.random.seed(1)
    first, chance = places(), np.random.random()
    np.random.seed(1)
    assert np.random.random() == chance and places() == first


def test_worst_clips():
    rows = pd.DataFrame({"video": ["abc.mp4", "xyz.mp4"], "label": ["FAKE", "REAL"], "p_fake": [0.03, 0.98]})
    written = texts(plots.worst_clips([crops(9), crops(9)], rows))
    assert "abc\nFAKE, P(fake) 0.03" in written and "xyz\nREAL, P(fake) 0.98" in written


def test_comparison_without_a_training_accuracy_still_has_every_model(compared):
    written = texts(plots.comparison(compared))
    assert all(title in written for title in TITLES)
    assert "0.930" in written and "0.86" in written


def test_comparison_draws_each_models_interval_on_its_line_even_where_the_auc_lies_outside(compared):
    compared.loc[0, ["test_auc_low", "test_auc_high"]] = 0.5, 0.9
    left, right = plots.comparison(compared, majority=0.7).axes
    lines, dots = right.collections
    assert lines.get_segments()[0].tolist() == [[0.5, 0], [0.9, 0]]
    assert dots.get_offsets().tolist() == [[auc, row] for row, auc in enumerate(compared["test_auc"])]
    assert [label.get_text() for label in left.get_yticklabels()] == TITLES


def test_comparison_marks_mean_and_deviation_of_the_training_seeds_that_all_of_a_model_has(compared):
    some = compared.assign(seeds=3, test_auc_mean=0.8, test_auc_sd=0.05)
    some.loc[1, "seeds"] = 2
    figure = plots.comparison(some)
    (bars,) = [c for c in figure.axes[1].containers if hasattr(c, "has_xerr")]
    assert len(bars.lines[0].get_xdata()) == len(some) - 1
    assert "mean ± standard deviation of 3 training seeds" in texts(figure)
    assert "training seeds" not in texts(plots.comparison(compared.assign(seeds=1)))


def test_kernels():
    figure = plots.kernels(
        {"a": GENERATOR.random((8, 3, 3, 3)), "b": GENERATOR.random((3, 1, 1, 3))}, title="Meso4"
    )
    assert sum(bool(ax.images) for ax in figure.axes) == 11


@pytest.mark.parametrize("weights", [[-0.5, -0.1, 0.2, 0.4], [-0.5, -0.4, -0.3, -0.1]])
def test_maximised_pictures_are_grouped_by_sign(weights):
    result = SimpleNamespace(layer="x", weights=pd.Series(weights, index=[7, 3, 1, 12]), pictures=crops(4))
    written = texts(plots.maximised(result, title="Meso4"))
    assert "towards REAL" in written and "7: -0.5" in written
    assert ("towards FAKE" in written) == (max(weights) > 0)


def test_mean_activations_share_a_scale_and_the_difference_is_centred():
    real, fake = GENERATOR.random((6, 6)), GENERATOR.random((6, 6)) + 1
    result = SimpleNamespace(
        real=real, fake=fake, difference=fake - real, real_face=crops(1)[0], fake_face=crops(1)[0]
    )
    figure = plots.mean_activations({"Meso4": result, "Custom CNN": result})
    over = [ax.images[1] for ax in figure.axes[1:4]]
    assert over[0].get_clim() == over[1].get_clim()
    low, high = over[2].get_clim()
    assert low == -high


def test_saving_is_whole_and_a_notebook_shows_what_was_saved(workspace, history):
    shown = plots.save(plots.learning_curves(history, 7), workspace, "03_curves")
    files = list(workspace.figures.iterdir())
    assert files == [workspace.figure("03_curves")] and files[0].read_bytes()[:4] == b"\x89PNG"
    data, metadata = shown._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]) == files[0].read_bytes()
    assert metadata["image/png"]["alt"] == "03 curves"
    image = plt.imread(files[0])
    # Eight inches at 120 dots: a README's width.
    assert image.shape[1] == 960


def test_figures_do_not_pile_up_in_pyplot(history):
    assert isinstance(plots.learning_curves(history, 7), Figure)
    assert plt.get_fignums() == []


def test_the_look_is_the_same_whether_or_not_it_was_asked_for(history):
    with plt.rc_context():
        before = plots.learning_curves(history, 7)
        plots.use()
        after = plots.learning_curves(history, 7)
    assert before.dpi == after.dpi == 120
    assert before.axes[0].title.get_fontsize() == after.axes[0].title.get_fontsize()


def test_plots_need_no_keras():
    code = "import sys; from dfdc_utils import plots; sys.exit('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_figures_leave_the_look_of_others_alone(videos, compared):
    with plt.rc_context():
        before = dict(plt.rcParams)
        plots.score_distributions(videos)
        plots.comparison(compared)
        plots.confusion_matrices(videos)
        assert dict(plt.rcParams) == before


def test_seaborn_is_there_only_with_the_figures():
    code = "import sys; import dfdc_utils; sys.exit('seaborn' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_extraction_shows_the_coverage_of_every_video_that_has_a_face():
    account = pd.DataFrame({
        "video": list("abcd"), "outcome": ["ok", "ok", "ok", "no_face"], "frames_read": 10,
        "second_pass": [None, None, "brighter", None], "detection": 0.1, "elapsed": [0.4, 0.5, 0.6, 0.2],
    })
    faces = pd.DataFrame({"video": ["a"] * 10 + ["b"] * 6 + ["c"] * 5 + ["c"], "track": [0] * 21 + [1]})
    figure = plots.extraction(account, faces)
    first, second = (
        {bar.get_x(): bar.get_height() for bar in bars if bar.get_height()} for bars in figure.axes[1].containers
    )
    # Each in its half of five hundredths.
    assert {frozenset(first.items()), frozenset(second.items())} == {
        frozenset({100.0: 1, 60.0: 1}.items()), frozenset({52.5: 1}.items())
    }
    assert "a second pass helped" in texts(figure)


def test_a_table_to_filter_holds_its_rows_as_text():
    table = pd.DataFrame({"video": ["a.mp4", "<b>.mp4", "c.mp4"], "seconds": [1.234, None, 3.0]})
    page = plots.filterable(table, rows=2).data
    assert "a.mp4" in page and "1.23" in page and "&lt;b&gt;.mp4" in page and "nan" not in page.lower()
    assert "c.mp4" not in page and "1 more rows are not shown" in page


def test_aggregation_shows_every_number_and_the_best_of_each_model_in_bold():
    aucs = pd.DataFrame({"mean": [0.8, 0.51], "logit_mean": [0.7, 0.52]}, index=["Custom CNN", "Meso4"])
    (axes,) = plots.aggregation(aucs).axes
    written = {text.get_text(): text.get_fontweight() for text in axes.texts}
    assert written == {"0.800": "bold", "0.700": "normal", "0.510": "normal", "0.520": "bold"}
    assert [label.get_text() for label in axes.get_xticklabels()] == ["mean", "logit\nmean"]


def test_aggregation_of_a_model_that_a_method_cannot_combine_marks_the_best_of_the_others():
    aucs = pd.DataFrame({"mean": [np.nan], "median": [0.6], "learned": [0.8]}, index=["Meso4"])
    written = {text.get_text(): text.get_fontweight() for text in plots.aggregation(aucs).axes[0].texts}
    assert written == {"0.600": "normal", "0.800": "bold"}


def test_reliability_before_and_after():
    table = pd.DataFrame({"p_fake": [0.1, 0.9], "fakes": [0.3, 0.6], "count": [3, 9]})
    mended = table.assign(p_fake=[0.3, 0.6])
    figure = plots.reliability({"Meso4": table}, {"Meso4": mended})
    lines = [axes.lines[1].get_xydata().tolist() for axes in figure.axes]
    assert lines == [[[0.1, 0.3], [0.9, 0.6]], [[0.3, 0.3], [0.6, 0.6]]]


def test_a_dissection_has_a_mark_for_each_model_and_treatment_at_its_change():
    table = pd.DataFrame({
        "treatment": ["seam alone", "whole fake"], "change": [0.1, 0.4], "low": [0.0, 0.3], "high": [0.2, 0.5],
        "originals": 20,
    })
    figure = plots.dissection({"Meso4": table, "Custom CNN": table.assign(change=0.0)})
    (axes,) = figure.axes
    dots = [tuple(offset) for collection in axes.collections[1:] for offset in collection.get_offsets()]
    assert sorted(round(x, 3) for x, _ in dots) == [0.0, 0.0, 0.1, 0.4]
    assert "20 originals" in texts(figure)


def test_robustness_has_a_panel_a_corruption_and_a_line_a_model_from_the_clean_value_on():
    table = pd.DataFrame({
        "corruption": ["jpeg"] * 3 + ["blur"] * 3, "unit": ["JPEG, quality"] * 3 + ["Blur, %"] * 3,
        "strength": [0, 1, 2] * 2, "level": [np.nan, 50, 10, np.nan, 1.5, 3], "auc": [0.9, 0.8, 0.6, 0.9, 0.7, 0.5],
    })
    figure = plots.robustness({"Meso4": table, "Custom CNN": table.assign(auc=0.5)}, "auc", "AUC")
    jpeg, blur = figure.axes
    assert jpeg.lines[1].get_xydata().tolist() == [[0, 0.9], [1, 0.8], [2, 0.6]]
    assert blur.lines[2].get_ydata().tolist() == [0.5] * 3
    assert [label.get_text() for label in blur.get_xticklabels()] == ["none", "1.5", "3"]
    assert jpeg.get_xlabel() == "JPEG, quality"


def test_the_ablation_shows_each_change_with_its_interval_by_model():
    rows = pd.DataFrame({
        "variant": ["wider", "lit_left", "all"], "auc": [0.1, 0.0, 0.05], "auc_low": [0.0, -0.1, 0.0],
        "auc_high": [0.2, 0.1, 0.1], "log_loss": [-0.1, 0.1, 0.0], "log_loss_low": -0.2, "log_loss_high": 0.2,
    })
    figure = plots.tta_ablation({"Meso4": rows, "Custom CNN": rows.assign(auc=0.3)})
    auc, log_loss = figure.axes
    lines, dots = auc.collections
    assert dots.get_offsets()[:, 0].tolist() == [0.1, 0, 0.05, 0.3, 0.3, 0.3]
    assert lines.get_segments()[1][:, 0].tolist() == [-0.1, 0.1]
    assert dots.get_offsets()[:, 1].round(3).tolist() == [-0.2, 0.8, 1.8, 0.2, 1.2, 2.2]
    assert [label.get_text() for label in auc.get_yticklabels()] == ["wider", "lit left", "all"]
    assert "less is better" in log_loss.get_title(loc="left")


def test_subgroups_have_a_panel_a_kind_and_say_how_many_videos_there_are():
    rows = pd.DataFrame({
        "by": ["method", "method", "light"], "group": ["sound", "original", "dim"], "count": [2, 9, 11],
        "accuracy": [0.5, 0.8, 0.7], "low": [0.1, 0.5, 0.4], "high": [0.9, 0.95, 0.9],
    })
    figure = plots.subgroups({"Meso4": rows, "Custom CNN": rows})
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["By method", "By light"]
    assert "sound (2) | original (9)" in texts(figure) and "dim (11)" in texts(figure)
    assert figure.axes[1].collections[1].get_offsets()[:, 0].tolist() == [0.7, 0.7]


def test_leakage_shows_every_draw_and_the_means():
    aucs = pd.DataFrame({
        "model": "nearest neighbours", "split": ["random"] * 2 + ["by part"] * 2, "draw": [0, 1] * 2,
        "auc": [0.2, 0.3, 0.6, 0.7],
    })
    figure = plots.leakage(aucs)
    assert "0.25" in texts(figure) and "0.65" in texts(figure)
    shown = np.concatenate([
        np.c_[dots.get_offsets(), dots.get_facecolors()[:, 3] > 0] for dots in figure.axes[0].collections
    ])
    assert shown.round(3).tolist() == [[0.2, -0.2, 0], [0.3, -0.2, 0], [0.6, 0.2, 1], [0.7, 0.2, 1]]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["random", "by part"]


def test_voices_and_lips_are_drawn_with_units():
    rate = 16000
    tone = np.sin(2 * np.pi * 1000 * np.arange(rate) / rate)
    written = texts(plots.spectrograms({"own voice": tone, "rebuilt": tone}, rate=rate))
    assert "own voice" in written and "Frequency (kHz)" in written and "Time (s)" in written
    opening = np.sin(np.arange(48) / 3)
    written = texts(plots.lips_and_voices(opening, {"its own": opening, "another": -opening[:40]}, per_second=16,
                                          title="A mouth"))
    assert "opening of the mouth" in written and "another" in written


def test_the_lag_of_the_best_correlation_can_be_read_off():
    seconds = np.arange(-4, 5) / 16
    own = np.exp(-(seconds * 16) ** 2)[None] + GENERATOR.normal(0, 0.01, (5, 9))
    figure = plots.lags(seconds, own, 0 * own)
    median, flat = (line.get_ydata() for line in figure.axes[0].lines[:2])
    assert np.argmax(median) == 4 and np.abs(flat).max() == 0
    assert "How late the sound is (s)" in texts(figure)


def test_what_ears_find_is_drawn_with_intervals_and_who_finds_what_with_numbers():
    rows = [
        ("knows both", "a", 0.9, 0.8, 1.0), ("knows one", "a", 0.4, 0.3, 0.5), ("knows both", "b", 1.0, np.nan, np.nan),
    ]
    found = pd.DataFrame(rows, columns=["detector", "what", "auc", "auc_low", "auc_high"])
    written = texts(plots.ears(found, title="Rebuilt voices"))
    assert all(text in written for text in ("knows both", "knows one", "AUC (dotted: a coin)"))
    aucs = pd.DataFrame({"picture": [0.93, 0.5], "lips": [np.nan, 0.41]}, index=["swap (9)", "sound (2)"])
    written = texts(plots.who_finds_what(aucs))
    assert all(text in written for text in ("0.93", "0.41", "–", "swap (9)", "lips"))

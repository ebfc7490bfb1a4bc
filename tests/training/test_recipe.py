import dataclasses

import keras
import numpy as np
import pytest

from dfdc_utils import models, profiles
from dfdc_utils.backend import precision
from dfdc_utils.training.recipe import Recipe

FULL = profiles.get("full")


def one_unit() -> keras.Model:
    entrance = keras.Input((1,))
    return keras.Model(entrance, keras.layers.Dense(1, activation="sigmoid", kernel_initializer="ones")(entrance))


def test_reading_a_of_the_report():
    recipe = Recipe.for_model("resnet50_lstm", FULL)
    assert (recipe.learning_rate, recipe.weight_decay, recipe.schedule) == (1e-3, 0.0, "constant")
    assert (recipe.epochs, recipe.per_video) == (20, 10)
    assert recipe.loss == "binary_crossentropy" and recipe.warmup_batches == 2000
    # The most whole batches of ten in 64 videos, as one.
    assert (recipe.batch_size, recipe.accumulation) == (60, 1)


def test_reading_b_of_the_report():
    recipe = Recipe.for_model("meso4", FULL.replace(learning_rate=1e-4, weight_decay=1e-7))
    assert (recipe.learning_rate, recipe.weight_decay) == (1e-4, 1e-7)
    assert (recipe.epochs, recipe.batch_size, recipe.accumulation) == (20, 32, 2)


@pytest.mark.parametrize("name", models.names())
def test_every_profile_has_a_recipe_for_every_model(name):
    for profile in profiles.names():
        recipe = Recipe.for_model(name, profiles.get(profile))
        assert recipe.epochs >= 1 and recipe.accumulation >= 1
        assert Recipe(**dataclasses.asdict(recipe)) == recipe


@pytest.mark.parametrize("change", [{"loss": "hinge"}, {"schedule": "linear"}, {"draw": "all"}, {"compiler": "llvm"}])
def test_what_does_not_exist_is_an_error(change):
    with pytest.raises(ValueError, match="is one of"):
        Recipe.for_model("meso4", FULL, **change)


def test_networks_that_start_at_random_may_have_rates_of_their_own():
    mini = profiles.get("mini")
    rates = {name: Recipe.for_model(name, mini).learning_rate for name in models.FRAME_MODELS}
    assert rates == {
        "custom_cnn": mini.learning_rate, "densenet121": mini.learning_rate * mini.backbone_rate,
        **dict.fromkeys(["meso4", "mesoinception4"], mini.learning_rate * mini.meso_rate),
    }
    # The report's numbers where the report is followed.
    assert {Recipe.for_model(name, FULL).learning_rate for name in models.names()} == {1e-3}


def steps_of_adam(weights: np.ndarray, gradients, rate: float, l2: float) -> np.ndarray:
    """Adam as in its paper, with Keras's ε, on the gradients and `l2` times the weights."""
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    for step, gradient in enumerate(gradients, start=1):
        gradient = gradient + l2 * weights
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        corrected = rate * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        weights = weights - corrected * mean / (np.sqrt(square) + 1e-7)
    return weights


@pytest.mark.parametrize("accumulation", [1, 3])
@pytest.mark.parametrize("l2", [0.0, 1e-7, 1e-2])
def test_weight_decay_is_an_l2_term_in_the_gradient_that_adam_is_given(l2, accumulation):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, use_bias=False)])
    start = np.array([[0.5], [-2.0], [1.0]], np.float32)
    model.set_weights([start])
    Recipe(weight_decay=l2, learning_rate=1e-4, accumulation=accumulation).compile(model, 5)
    # The loss has a gradient for the third weight alone: that of the first two is nothing but the L2 term.
    given = np.zeros((3, 1), np.float32), np.float32([[0], [0], [1e-3]]), np.float32([[0], [0], [-2e-3]])
    for gradient in given:
        for _ in range(accumulation):
            model.optimizer.apply([keras.ops.convert_to_tensor(gradient)], model.trainable_variables)
    moved = model.get_weights()[0]
    np.testing.assert_allclose(moved, steps_of_adam(start.astype(float), given, 1e-4, l2), rtol=0, atol=2e-7)
    assert (moved[:2] != start[:2]).all() == (l2 > 0)


def test_weight_decay_holds_in_half_precision_too():
    with precision("mixed_float16"):
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
        Recipe(weight_decay=1e-2, learning_rate=1e-3).compile(model, 1)
        model.train_on_batch(np.zeros((2, 1)), np.full((2, 1), 0.5))
    # An input of zeros gives the weight no gradient; Adam's first step is the rate, whatever the gradient's size.
    assert model.get_weights()[0][0, 0] == pytest.approx(1 - 1e-3, abs=1e-6)


def test_the_loss_is_a_setting_of_the_profile():
    for name in ("custom_cnn", "densenet121", "resnet50_lstm"):
        assert Recipe.for_model(name, FULL.replace(loss="squared_error")).loss == "squared_error"


def test_squared_error_is_half_of_it():
    model = one_unit()
    Recipe(loss="squared_error").compile(model, 1)
    loss = model.evaluate(np.zeros((4, 1)), np.ones((4, 1)), verbose=0, return_dict=True)["loss"]
    assert loss == pytest.approx(0.5 * (0.5 - 1) ** 2)


def test_accumulated_batches_move_the_weights_once():
    model = one_unit()
    Recipe(accumulation=3, learning_rate=0.1).compile(model, 6)
    moved = []
    for _ in range(6):
        before = model.get_weights()[0].copy()
        model.train_on_batch(np.ones((2, 1)), np.zeros((2, 1)))
        moved.append(bool((model.get_weights()[0] != before).any()))
    assert moved == [False, False, True, False, False, True]


def test_cosine_falls_to_zero_at_the_last_batch_also_with_accumulation():
    for accumulation in (1, 4):
        model = one_unit()
        Recipe(schedule="cosine", epochs=2, learning_rate=0.1, accumulation=accumulation).compile(model, 4)
        rates = []
        for _ in range(8):
            rates.append(float(model.optimizer.learning_rate))
            model.train_on_batch(np.ones((1, 1)), np.zeros((1, 1)))
        assert rates[0] == pytest.approx(0.1) and rates[4] == pytest.approx(0.05)
        assert float(model.optimizer.learning_rate) == pytest.approx(0, abs=1e-6)


def test_steps_are_constant_for_seven_tenths_of_the_batches_and_then_fall():
    model = one_unit()
    Recipe(schedule="steps", epochs=5, learning_rate=0.1).compile(model, 4)
    rates = []
    for _ in range(20):
        rates.append(float(model.optimizer.learning_rate))
        model.train_on_batch(np.ones((1, 1)), np.zeros((1, 1)))
    assert rates == pytest.approx([0.1] * 15 + [0.03] * 3 + [0.01] * 2)


def test_weights_of_samples_count_in_loss_and_accuracy():
    model = one_unit()
    Recipe().compile(model, 1)
    inputs, labels = np.array([[3.0], [3.0], [3.0], [-3.0]]), np.array([[1.0], [1.0], [1.0], [1.0]])
    weights = np.array([1 / 3, 1 / 3, 1 / 3, 1.0])
    result = model.evaluate(inputs, labels, sample_weight=weights, verbose=0, return_dict=True)
    assert result["accuracy"] == pytest.approx(0.5)

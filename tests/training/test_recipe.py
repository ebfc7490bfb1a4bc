import dataclasses

import keras
import numpy as np
import pytest

from dfdc_utils import models, profiles
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
    recipe = Recipe.for_model("meso4", FULL.replace(reading="B"))
    assert (recipe.learning_rate, recipe.weight_decay) == (1e-4, 1e-7)
    assert (recipe.epochs, recipe.batch_size, recipe.accumulation) == (20, 32, 2)


@pytest.mark.parametrize("name", models.names())
def test_every_profile_has_a_recipe_for_every_model(name):
    for profile in profiles.names():
        recipe = Recipe.for_model(name, profiles.get(profile))
        assert recipe.epochs >= 1 and recipe.accumulation >= 1
        assert Recipe(**dataclasses.asdict(recipe)) == recipe


@pytest.mark.parametrize("change", [{"loss": "hinge"}, {"schedule": "linear"}, {"draw": "all"}])
def test_what_does_not_exist_is_an_error(change):
    with pytest.raises(ValueError, match="is one of"):
        Recipe.for_model("meso4", FULL, **change)


def test_the_optimiser_is_adam_of_the_report():
    model = one_unit()
    Recipe(weight_decay=1e-7, learning_rate=1e-4).compile(model, 5)
    optimizer = model.optimizer
    assert type(optimizer) is keras.optimizers.Adam
    assert (optimizer.beta_1, optimizer.beta_2, optimizer.weight_decay) == (0.9, 0.999, 1e-7)
    assert float(optimizer.learning_rate) == pytest.approx(1e-4)


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
    result = model.evaluate(inputs, labels, sample_weight=np.array([1 / 3, 1 / 3, 1 / 3, 1.0]), verbose=0, return_dict=True)
    assert result["accuracy"] == pytest.approx(0.5)

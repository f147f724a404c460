"""Batches, augmentation, timing and counting: what the honesty of the training rests on."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from runner import kernel
from runner.build_folder import BEST_EPOCH_FILE, RESULT_FILE
from runner.files import write_json
from runner.language.i18n import speaking
from runner.practice.data import sets
from runner.practice.parameters import Parameters
from runner.report.attachments import reduced
from runner.results import records
from runner.results.arrays import read_predictions
from runner.results.finished import Finished, read_result
from runner.results.reasons import Reason
from runner.results.records import SCHEMA_VERSION, Result
from runner.results.scores import per_image_cross_entropy

pytestmark = pytest.mark.xdist_group("tensorflow")  # one import for all of them

training = pytest.importorskip("runner.practice.training")
measure = pytest.importorskip("runner.practice.measure")
flops = pytest.importorskip("runner.practice.flops")
model_module = pytest.importorskip("runner.practice.model")
keras = pytest.importorskip("keras")


def parameters(**changes: object) -> Parameters:
    values: dict[str, object] = {
        "dataset": "digits",
        "validation_fraction": 0.25,
        "seed": 7,
        "filters": (4, 8),
        "dense": (8,),
        "loss": "categorical_crossentropy",
        "optimizer": "adam",
        "learning_rate": 0.001,
        "batch_size": 16,
        "epochs": 3,
    }
    return Parameters(**{**values, **changes})  # type: ignore[arg-type]


def labelled(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Images whose first pixel tells their place."""
    images = np.zeros((n, 32, 32, 3), np.uint8)
    images[:, 0, 0, 0] = np.arange(n)
    return images, np.arange(n) % 10


def orders(p: Parameters, n: int) -> list[np.ndarray]:
    """The order in which the images come, epoch by epoch."""
    batches = [x.numpy() for x, _ in training.training_batches(*labelled(n), p)]
    places = np.concatenate([np.rint((x[:, 0, 0, 0] + 1) * 127.5) for x in batches]).astype(int)
    return np.split(places, p.epochs)


def test_every_epoch_has_a_new_order_of_all_the_images() -> None:
    found = orders(parameters(), 50)
    for order in found:
        assert sorted(order) == list(range(50))
        assert list(order) != list(range(50))
    assert len({tuple(order) for order in found}) == 3


def test_the_order_follows_from_seed_and_epoch() -> None:
    same, other = orders(parameters(), 50), orders(parameters(seed=8), 50)
    assert np.array_equal(orders(parameters(), 50), same)
    assert not np.array_equal(same, other)
    later = training.training_batches(*labelled(50), parameters(), first_epoch=2)
    first = next(iter(later))[0].numpy()[:, 0, 0, 0]
    assert np.array_equal(np.rint((first + 1) * 127.5).astype(int), same[2][:16])


def test_fit_with_shuffle_alone_would_repeat_the_order() -> None:
    """The trap that the project's own batches avoid: if Keras mends it, this test will say so."""
    seen: list[list[int]] = []

    class Spy(keras.layers.Layer):  # type: ignore[misc]
        def call(self, x: object) -> object:
            seen.append(np.rint(np.asarray(x)[:, 0]).astype(int).tolist())
            return x

    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((1,)), Spy(), keras.layers.Dense(1)])
    model.compile(loss="mse", run_eagerly=True)
    x = np.arange(32.0)[:, None]
    seen.clear()
    model.fit(x, x, epochs=2, batch_size=8, shuffle=True, verbose=0)
    flat = [n for batch in seen for n in batch]
    assert flat[:32] == flat[32:]


@pytest.mark.parametrize(("images", "batch"), [(9375 * 4, 4), (37_500, 64), (37_500, 128), (7, 3)])
def test_calls_divide_the_epoch(images: int, batch: int) -> None:
    steps = training.steps_per_epoch(images, batch)
    assert steps % training.steps_per_call(steps, batch) == 0


def test_an_epoch_updates_once_a_batch() -> None:
    p = parameters(batch_size=4, epochs=2)
    images, labels = labelled(90)
    model = model_module.build_model(p)
    training.compile_model(model, p, len(images))
    steps = training.steps_per_epoch(90, 4)
    model.fit(training.training_batches(images, labels, p), epochs=2, steps_per_epoch=steps, verbose=0)
    assert int(model.optimizer.iterations) == 2 * 23


def run(p: Parameters) -> dict[str, list[float]]:
    training.keras.utils.set_random_seed(p.seed)
    digits = sets.load("digits")
    x, y = digits.x_train[:200], digits.y_train[:200]
    model = model_module.build_model(p)
    training.compile_model(model, p, len(x))
    steps = training.steps_per_epoch(len(x), p.batch_size)
    fitted = model.fit(training.training_batches(x, y, p), epochs=p.epochs, steps_per_epoch=steps, verbose=0)
    return dict(fitted.history)


def test_same_seed_same_run_and_another_seed_another() -> None:
    p = parameters(epochs=2, dropout=0.2, augmentation="flip-shift", batch_norm=True)
    first = run(p)
    assert run(p) == first
    assert run(p.model_copy(update={"seed": 8})) != first


def test_flip_mirrors_each_image_every_other_epoch() -> None:
    p = parameters(augmentation="flip", epochs=2)
    images = np.zeros((8, 32, 32, 3), np.float32)
    images[:, :, 0] = 1
    index = np.arange(8)
    even = training.augment(images, index, 0, p).numpy()
    odd = training.augment(images, index, 1, p).numpy()
    mirrored = even[:, 0, -1, 0] == 1
    assert mirrored.tolist() == [True, False] * 4
    assert np.array_equal(odd[:, 0, -1, 0] == 1, ~mirrored)


def test_shift_moves_by_at_most_two_and_keeps_values() -> None:
    images = np.zeros((64, 32, 32, 3), np.float32)
    images[:, 16, 16] = 1
    moved = training.shift(images, np.arange(64), np.int64(0), 1).numpy()
    places = np.argwhere(moved[..., 0] == 1)
    assert len(places) == 64
    assert np.abs(places[:, 1:] - 16).max() == 2
    assert len({tuple(place) for place in places[:, 1:]}) > 10


def test_flops_are_those_of_the_formula() -> None:
    model = model_module.build_model(parameters(filters=(32, 64), dense=(128,)))
    convolutions = 2 * 9 * (3 * 32 * 32**2 + 32 * 64 * 16**2)
    dense = 2 * (64 * 8 * 8 * 128 + 128 * 10)
    counted = flops.flops_per_image(model)
    assert convolutions + dense <= counted <= 1.03 * (convolutions + dense)  # and biases, pooling


class Clock:
    """Stands still unless it is told."""

    now = 5000.0

    def perf_counter(self) -> float:
        return self.now


def test_validation_is_not_in_the_training_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call of the training function takes a second of this clock, each batch of validation a minute."""
    time = Clock()
    monkeypatch.setattr(training, "time", time)
    p = parameters(epochs=2)
    images, labels = labelled(64)
    model = model_module.build_model(p)
    training.compile_model(model, p, 64)
    model.steps_per_execution = 1
    clock = training.EpochClock()

    class Slow(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: object = None) -> None:
            time.now += 1

        def on_test_batch_end(self, batch: int, logs: object = None) -> None:
            time.now += 60

    model.fit(
        training.training_batches(images, labels, p),
        epochs=2,
        steps_per_epoch=4,
        validation_data=training.evaluation_batches(images, labels),
        callbacks=[clock, Slow()],
        verbose=0,
    )
    assert clock.training == [4, 4]
    assert clock.validation == [60, 60]


def test_no_tuning_thread_holds_up_the_end_of_an_evaluation() -> None:
    images, labels = np.zeros((20, 32, 32, 3), np.uint8), np.zeros(20, int)
    for batches in (
        training.evaluation_batches(images, labels),
        training.training_batches(images, labels, parameters()),
    ):
        assert batches.options().autotune.enabled is False


def test_the_schedule_warms_up_and_comes_down() -> None:
    p = parameters(schedule="one-cycle", learning_rate=0.4, learning_rate_batch=32)
    rate = training.learning_rate(p, 100)
    values = [float(rate(step)) for step in range(100)]
    assert max(values) == pytest.approx(0.2, rel=0.02)  # 0.4 for 32 images, so 0.2 for 16
    assert values[0] == pytest.approx(0.04)
    assert values[-1] < 0.1 * max(values)
    assert values.index(max(values)) == 23


def test_label_smoothing_changes_the_loss_and_not_the_cross_entropy() -> None:
    truth = np.eye(10, dtype=np.float32)[:4]
    predicted = np.full((4, 10), 0.01, np.float32)
    predicted[np.arange(4), np.arange(4)] = 0.91
    plain = float(training.make_loss(parameters())(truth, predicted))
    smooth = float(training.make_loss(parameters(label_smoothing=0.1))(truth, predicted))
    assert plain == pytest.approx(-np.log(0.91), rel=1e-4)
    assert smooth > plain + 0.1


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_curve_table_and_test_have_one_loss(smoothing: float, tmp_path: Path) -> None:
    """Of a network so sure of its errors that clipped probabilities would tell another loss."""
    p = parameters(label_smoothing=smoothing, epochs=1)
    random = np.random.default_rng(0)
    images, labels = random.integers(0, 256, (60, 32, 32, 3), np.uint8), random.integers(0, 10, 60)
    network = model_module.build_model(p)
    network.set_weights([9 * each for each in network.get_weights()])
    training.compile_model(network, p, len(images))
    curve = network.evaluate(training.evaluation_batches(images, labels), verbose=0, return_dict=True)
    scores, probabilities, entropy = measure.evaluate(network, images, labels)
    clipped = -np.log(np.clip(probabilities[np.arange(60), labels], 1e-7, 1)).mean()
    assert clipped < 0.9 * scores.cross_entropy
    assert scores.cross_entropy == pytest.approx(curve["cross_entropy"], rel=1e-5)
    assert scores.loss == pytest.approx(curve["loss"], rel=1e-5)
    np.testing.assert_allclose(
        probabilities, network.predict(training.normalise(images), verbose=0), atol=1e-5
    )
    kept = records.Predictions(labels, probabilities, entropy, labels, probabilities, entropy)
    np.savez(tmp_path / "predictions.npz", **vars(kept))
    (tmp_path / "attached").mkdir()
    attached = reduced(tmp_path / "predictions.npz", tmp_path)
    (tmp_path / "attached" / "predictions.npz").write_bytes(attached)
    losses = []
    for folder in (tmp_path, tmp_path / "attached"):
        read = read_predictions(folder / "predictions.npz", (60, 60), 10)
        assert per_image_cross_entropy(read.test).mean() == pytest.approx(scores.cross_entropy, rel=1e-7)
        losses.append(per_image_cross_entropy(read.test))
    np.testing.assert_array_equal(*losses)  # else verify would work out other numbers than the report


def test_whitening_decorrelates_the_patches_of_the_images() -> None:
    """Half the filters give uncorrelated values of variance one; the other half are their opposites."""
    p = parameters(stem_filters=24, stem="whitening")
    images = np.random.default_rng(0).integers(0, 256, (60, 32, 32, 3), dtype=np.uint8)
    images = (images // 4 + images[:, ::-1] // 4 + images.mean(axis=3, keepdims=True) // 2).astype(np.uint8)
    model = model_module.build_model(p)
    training.initialise(model, p, images)
    stem = model.get_layer("conv0")
    values = np.asarray(stem(training.normalise(images)), dtype=np.float64)
    assert values.shape == (60, 31, 31, 24)
    first, second = values[..., :12].reshape(-1, 12), values[..., 12:].reshape(-1, 12)
    np.testing.assert_allclose(first, -second, atol=1e-4)
    np.testing.assert_allclose(first.T @ first / len(first), np.eye(12), atol=0.1)


def test_weights_stay_random_unless_whitening_is_asked_for() -> None:
    p = parameters(stem_filters=24)
    model = model_module.build_model(p)
    before = [np.array(weights) for weights in model.get_weights()]
    training.initialise(model, p, np.zeros((8, 32, 32, 3), np.uint8))
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_blocks_begin_by_passing_on_what_they_get() -> None:
    p = parameters(filters=(4, 8), convs_per_block=2, conv_init="identity")
    model = model_module.build_model(p)
    training.initialise(model, p, np.zeros((8, 32, 32, 3), np.uint8))
    values = np.random.default_rng(0).normal(size=(2, 32, 32, 4)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(model.get_layer("conv1_2")(values)), values, atol=1e-6)
    wider = np.asarray(model.get_layer("conv2_1").kernel)
    assert wider.shape == (3, 3, 4, 8)
    assert np.all(wider[..., 4:].std(axis=(0, 1, 2)) > 0)


def test_what_is_not_trained_needs_no_gradients() -> None:
    """Counted by hand for two convolutions and the output layer; biases and maxima count for little."""
    first, second, output = 2 * 31 * 31 * 12 * 8, 2 * 31 * 31 * 9 * 8 * 4, 2 * 15 * 15 * 4 * 10
    p = parameters(stem="whitening", stem_filters=8, filters=(4,), dense=())
    counted = flops.training_flops_per_image(model_module.build_model(p))
    assert counted == pytest.approx(first + 2 * second + 3 * output, rel=0.03)
    biased = p.model_copy(update={"stem_bias": True})  # what comes after it passes gradients back to it
    counted = flops.training_flops_per_image(model_module.build_model(biased))
    assert counted == pytest.approx(first + 3 * second + 3 * output, rel=0.03)
    first = 2 * 32 * 32 * 27 * 8
    second, output = 2 * 32 * 32 * 9 * 8 * 4, 2 * 16 * 16 * 4 * 10
    p = parameters(stem_filters=8, filters=(4,), dense=())
    counted = flops.training_flops_per_image(model_module.build_model(p))
    assert counted == pytest.approx(2 * first + 3 * second + 3 * output, rel=0.03)


@pytest.mark.parametrize("name", ["Adam", "AdamW"])
def test_adam_in_one_operation_updates_as_kerass_does(name: str) -> None:
    """Several steps, with a decay that the bias is spared."""
    generator = np.random.default_rng(0)
    start = np.linspace(-1, 1, 30, dtype=np.float32)
    gradients = [generator.normal(size=(2, 30)).astype(np.float32) for _ in range(20)]
    found = []
    for module in (training.fused_adam, keras.optimizers):
        variables = [keras.Variable(start, name=called) for called in ("kernel", "bias")]
        optimizer = getattr(module, name)(0.01, weight_decay=0.1)
        optimizer.exclude_from_weight_decay(var_names=["bias"])
        for pair in gradients:
            optimizer.apply([keras.ops.convert_to_tensor(g) for g in pair], variables)
        found.append([v.numpy() for v in variables])
    assert np.abs(found[1][0] - start).max() > 0.02
    np.testing.assert_allclose(found[0], found[1], rtol=2e-5, atol=1e-6)


def test_keras_alone_loads_the_kept_model(tmp_path: Path) -> None:
    p = parameters(augmentation="flip", batch_norm=True, dropout=0.2, optimizer="adam")
    model = model_module.build_model(p)
    training.compile_model(model, p, 20)
    images, labels = labelled(20)
    model.fit(training.training_batches(images, labels, p), epochs=1, steps_per_epoch=2, verbose=0)
    model_module.standard_model(model, p).save(tmp_path / "model.keras")
    x = np.random.default_rng(0).normal(size=(5, 32, 32, 3)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    code = (
        "import keras, numpy, sys; m = keras.saving.load_model('model.keras'); "
        "numpy.save('y.npy', m(numpy.load('x.npy'), training=False)); assert 'runner' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)
    expected = keras.ops.convert_to_numpy(model(x, training=False))
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), expected, atol=1e-6)


def measured(p: Parameters, losses: list[float], folder: Path) -> Finished:
    """A small network as it begins, whose weights of the best epoch are all 0.01."""
    digits = sets.load("digits")
    split = sets.split(digits.y_train, validation_fraction=0.25, limit=200, seed=1)
    model = model_module.build_model(p)
    training.compile_model(model, p, len(split.train))
    clock = training.EpochClock()
    clock.training, clock.validation, clock.learning_rates = [[1.0] * len(losses) for _ in range(3)]
    fields = ("loss", "cross_entropy", "accuracy", "val_loss", "val_accuracy")
    history = {**dict.fromkeys(fields, [0.5] * len(losses)), "val_cross_entropy": losses}
    best = [np.full(each.shape, 0.01, np.float32) for each in model.weights]
    before = model.get_weights()
    standard = model_module.standard_model(model, p)
    found, predictions = measure.measure(model, standard, history, clock, digits, split, 1, best)
    assert all(map(np.array_equal, before, model.get_weights())), "the model is left as it was"
    measure.save(folder, standard, found, predictions)
    started = datetime(2026, 1, 1, tzinfo=UTC)
    result = Result(
        **{"schema_version": SCHEMA_VERSION, "variant": folder.name, "notebook": "n", "notebook_sha256": ""},
        **{"profile": "full", "draft": False, "key": "", "key_parts": {}, "parameters": {}},
        **{"started": started, "finished": started, "wall_seconds": 1.0, "training": found},
    )
    write_json(folder / RESULT_FILE, result)
    return read_result(folder)


def test_the_best_epoch_is_measured_beside_the_last(tmp_path: Path) -> None:
    found = measured(parameters(), [0.9, 0.4, 0.4, 0.6], tmp_path)
    best = found.training.best
    assert best is not None
    assert best.epoch == 2
    for split, scores in [("validation", best.validation), ("test", best.test)]:
        at_best = found.at("best").scores(split, "cross_entropy").values
        assert at_best.mean() == pytest.approx(scores.cross_entropy, abs=1e-5)
        assert not np.array_equal(at_best, found.scores(split, "cross_entropy").values)
        last = getattr(found.training.evaluation, split).cross_entropy
        again = found.at("best").at("last").scores(split, "cross_entropy").values
        assert again.mean() == pytest.approx(last, abs=1e-5)


def test_a_best_epoch_that_is_the_last_is_measured_once(tmp_path: Path) -> None:
    found = measured(parameters(), [0.9, 0.4], tmp_path)
    best = found.training.best
    assert best is not None
    assert (best.epoch, best.test) == (2, found.training.evaluation.test)
    assert not (tmp_path / BEST_EPOCH_FILE).exists()
    values = [each.scores("test", "accuracy").values for each in (found, found.at("best"))]
    assert np.array_equal(*values)


def test_a_loss_that_is_no_number_is_raised_and_left_as_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the report can tell it in any language, whatever the notebook's was."""
    monkeypatch.setenv(kernel.OUTPUT, str(tmp_path))
    monkeypatch.setattr(kernel, "output_dir", kernel.output_dir.__wrapped__)
    with pytest.raises(FloatingPointError, match=r"^loss es nan en la época 2$"):
        measure.check_finite({"loss": [1.0, float("nan")]})
    left = Reason.model_validate_json((tmp_path / kernel.REASON_FILE).read_bytes())
    with speaking("en"):
        assert str(left) == "loss is nan in epoch 2"


def test_opened_by_hand_a_notebook_leaves_no_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(kernel.OUTPUT, raising=False)
    monkeypatch.setattr(kernel, "output_dir", lambda: tmp_path)
    with pytest.raises(FloatingPointError):
        measure.check_finite({"loss": [float("inf")]})
    assert not list(tmp_path.iterdir())


def test_excitation_begins_with_every_map_as_it_is_and_is_trained() -> None:
    images = np.random.default_rng(4).integers(0, 256, (32, 32, 32, 3), dtype=np.uint8)
    p = parameters(filters=(6, 20), batch_norm=True, squeeze_ratio=2)
    model = model_module.build_model(p)
    plain = model_module.build_model(p.model_copy(update={"squeeze_ratio": 0}))
    names = {weight.path for weight in plain.weights}
    plain.set_weights([weight.numpy() for weight in model.weights if weight.path in names])
    x = training.normalise(images[:8])
    np.testing.assert_allclose(model(x, training=False), plain(x, training=False), rtol=1e-5)
    assert model.count_params() - plain.count_params() == sum(
        2 * w * u + w + u for w, u in ((6, 8), (20, 10))
    )
    training.compile_model(model, p, len(images))
    batches = training.training_batches(images, np.arange(len(images)) % 10, p)
    model.fit(batches, epochs=1, steps_per_epoch=2, verbose=0)
    for number in (1, 2):
        *_, kernel, _ = model.get_layer(f"excitacion{number}").get_weights()
        assert kernel.any()
    standard = model_module.standard_model(model, p)
    np.testing.assert_allclose(standard(x, training=False), model(x, training=False), rtol=1e-4, atol=1e-6)

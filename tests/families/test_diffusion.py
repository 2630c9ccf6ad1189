"""Diffusion learns: solvers of their order, both paths, conditions, given parts, every rank of layout."""

from contextlib import nullcontext

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.svm import SVC

from castalia.core.errors import BadRequest
from castalia.core.representation import Conditions, Continuous, Segment, Tokens
from castalia.families.contract import Batch, Step
from castalia.families.diffusion.family import DiffusionFamily
from castalia.families.diffusion.options import DiffusionOptions, DiffusionSamplingOptions
from castalia.families.diffusion.paths import CosinePath, FlowPath
from castalia.families.diffusion.solvers import solve
from castalia.training.budget import rate_at


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


def made(layout, data, conditions=None, size="tiny", **options):
    family = DiffusionFamily()
    config = family.derive(layout, conditions, size, DiffusionOptions(**options), data)
    learner = family.build(layout, conditions, config)
    learner.prepare()
    return learner, config["batch"]


def trained(learner, batch, steps, data, conditions=None, known=None):
    rng = np.random.default_rng(0)
    learner.train()
    for index in range(steps):
        chosen = rng.integers(0, len(data), batch)
        items = [None if one is None else torch.from_numpy(one[chosen]) for one in (conditions, known)]
        step = Step(index, index / steps, rate_at(index, index / steps))
        learner.training_step(Batch(torch.from_numpy(data[chosen]), *items), step)
    return learner.eval()


def draw(learner, count, conditions=None, known=None, seed=0, given=None, **options):
    arrays = [None if one is None else torch.from_numpy(one) for one in (conditions, known)]
    options = DiffusionSamplingOptions(**options)
    given = None if given is None else tuple(torch.from_numpy(one) for one in given)
    return learner.sample(count, *arrays, torch.Generator().manual_seed(seed), options, given).numpy()


def spread_of_gaussian(path, solver, steps, first=0.2, last=0.9, width=0.3):
    """How far a solver ends from the exact end, for data N(0, width^2), where D(t, x) = a w^2 x / (a^2 w^2 + s^2)."""

    def scale(time):
        at = path.at(torch.tensor(time, dtype=torch.float64))
        return float((at.a**2 * width**2 + at.s**2).sqrt())

    def denoise(time, x):
        at = path.at(torch.tensor(time, dtype=torch.float64))
        return at.a * width**2 / (at.a**2 * width**2 + at.s**2) * x

    x = torch.tensor([[1.0]], dtype=torch.float64)
    times = [first + (last - first) * index / steps for index in range(steps + 1)]
    exact = scale(last) / scale(first)
    return abs(float(solve(solver, path, denoise, x, times)) - exact)


@pytest.mark.parametrize("path", [FlowPath(), CosinePath()], ids=["flow", "ddpm"])
@pytest.mark.parametrize(("solver", "order"), [("euler", 1), ("heun", 2), ("dpm", 2)])
def test_solvers_have_their_order(path, solver, order):
    errors = [spread_of_gaussian(path, solver, steps) for steps in (64, 128)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.25)
    assert errors[1] < 0.02


@pytest.mark.parametrize("path", [FlowPath(), CosinePath()], ids=["flow", "ddpm"])
@pytest.mark.parametrize("prediction", ["velocity", "noise", "data"])
def test_predictions_name_the_data_behind_a_point(path, prediction):
    data, noise, times = torch.randn(5, 300, 4), torch.randn(5, 300, 4), torch.linspace(0.1, 0.9, 5)
    told = path.target(data, noise, times, prediction)
    x_t = path.mix(data, noise, times)
    found = path.data_of(told, x_t, times, prediction)
    assert torch.allclose(found, data, atol=1e-4)
    later = path.mix(data, noise, times + 1e-3)
    if prediction == "velocity":
        slope = (later - path.mix(data, noise, times)) / 1e-3 / path.speed
        assert torch.allclose(slope, told, atol=1e-2)


@pytest.mark.parametrize("path", [FlowPath(), CosinePath()], ids=["flow", "ddpm"])
def test_errors_of_told_data_count_as_those_of_the_velocity(path):
    data, noise, times = torch.randn(5, 300), torch.randn(5, 300), torch.linspace(0.1, 0.5, 5)
    x_t, wrong = path.mix(data, noise, times), data + 0.1 * torch.randn(5, 300)
    now = path.at(times[:, None])
    implied = (now.da * wrong + now.ds * (x_t - now.a * wrong) / now.s) / path.speed
    of_velocity = (implied - path.target(data, noise, times, "velocity")).square().mean(dim=1)
    of_data = (wrong - data).square().mean(dim=1) * path.weight(times, "data")
    assert torch.allclose(of_velocity, of_data, rtol=1e-3)


def test_signals_of_more_bands_than_width_come_out_without_noise():
    rng = np.random.default_rng(0)
    bands, moments = np.linspace(0.0, 1.0, 48)[:, None], np.linspace(0.0, 1.0, 32)
    slopes = rng.uniform(-0.8, 0.8, (64, 2))
    data = np.stack([one * (bands - 0.5) + two * (moments - 0.5) for one, two in slopes]).astype(np.float32)
    roughness = {}
    for prediction in ("auto", "velocity"):
        learner, batch = made(
            Continuous(shape=data.shape[1:], bounded=True), data, prediction=prediction, width=16, batch=16, dropout=0.0
        )
        trained(learner, batch, 120, data)
        roughness[prediction] = np.abs(np.diff(draw(learner, 8), axis=1)).mean()
    assert roughness["auto"] < 0.3 * roughness["velocity"]


SHAPES = [(5,), (2, 37), (3, 9, 12), (1, 4, 8, 6)]


@pytest.mark.parametrize(("shape", "net"), [*((one, "unet") for one in SHAPES), *((one, "dit") for one in SHAPES[1:])])
def test_every_rank_learns_and_samples(shape, net):
    data = np.tanh(np.random.default_rng(0).standard_normal((64, *shape)) - 1.0).astype(np.float32)
    learner, batch = made(Continuous(shape=shape, bounded=len(shape) > 1), data, net=net, width=32, batch=16)
    items = Batch(torch.from_numpy(data))
    before = learner.eval().held_out_loss(items, torch.Generator().manual_seed(0))
    trained(learner, batch, 10, data)
    assert learner.held_out_loss(items, torch.Generator().manual_seed(0)) < before
    first = draw(learner, 3, steps=2)
    assert first.shape == (3, *shape)
    assert np.isfinite(first).all()
    assert len(shape) == 1 or np.abs(first).max() <= 1.0
    assert np.array_equal(first, draw(learner, 3, steps=2)), "the same seed"
    assert not np.array_equal(first, draw(learner, 3, steps=2, seed=1)), "another seed"


@pytest.mark.parametrize(
    ("shape", "patch"), [((64, 128), 4), ((1, 64, 128), 8), ((3, 64, 64), 4), ((3, 16, 32, 32), 4)]
)
def test_large_layouts_are_patched_until_they_are_small(shape, patch):
    data = np.zeros((100, *shape), dtype=np.float32)
    config = DiffusionFamily().derive(Continuous(shape=shape), None, "small", DiffusionOptions(), data)
    assert config["patch"] == patch
    with pytest.raises(BadRequest, match="tile"):
        DiffusionFamily().derive(Continuous(shape=shape), None, "small", DiffusionOptions(patch=5), data)


@pytest.mark.parametrize("net", ["unet", "dit"])
def test_bfloat16_and_channels_last_reach_the_same_loss(net):
    data = np.tanh(np.random.default_rng(0).standard_normal((64, 2, 8, 8))).astype(np.float32)
    losses = []
    for autocast, memory in (
        (nullcontext, torch.contiguous_format),
        (lambda: torch.autocast("cpu", dtype=torch.bfloat16), torch.channels_last),
    ):
        torch.manual_seed(0)
        learner, _ = made(Continuous(shape=(2, 8, 8)), data, net=net, width=32)
        learner = learner.to(memory_format=memory)
        batch = Batch(torch.from_numpy(data).contiguous(memory_format=memory))
        losses.append([learner.training_step(batch, Step(i, 0.5, 0.1, autocast))["loss"] for i in range(3)])
    assert losses[0] != losses[1]
    assert np.allclose(losses[0], losses[1], rtol=0.02, atol=0.02)


TOY = Continuous(
    shape=(3,),
    segments=(
        Segment(name="place", kind="real", start=0, width=1),
        Segment(name="side", kind="categorical", start=1, width=2),
    ),
)
SIDE = Conditions(groups=(Segment(name="side", kind="categorical", start=0, width=2),))


def two_modes(count, seed):
    """A number near -1 or 1 and, beside it, mostly its sign; the wider mode is the rarer."""
    rng = np.random.default_rng(seed)
    right = rng.random(count) < 0.3
    place = np.where(right, 1.0, -1.0) + np.where(right, 0.3, 0.1) * rng.standard_normal(count)
    side = np.eye(2)[np.where(rng.random(count) < 0.95, right, ~right).astype(int)]
    return np.concatenate([place[:, None], side], axis=1).astype(np.float32)


def toy_learner(path, prediction):
    torch.manual_seed(0)
    data = two_modes(2000, 0)
    learner, batch = made(TOY, data, SIDE, path=path, prediction=prediction, dropout=0.0, width=64, blocks=2, batch=128)
    known = np.ones((2000, 1), dtype=bool)
    return trained(learner, batch, 300, data, np.ascontiguousarray(data[:, 1:]), known)


@pytest.fixture(scope="module")
def toy():
    return toy_learner("flow", "velocity")


@pytest.mark.parametrize(
    ("path", "prediction"), [("flow", "velocity"), ("ddpm", "velocity"), ("ddpm", "noise"), ("ddpm", "data")]
)
def test_two_modes_are_learnt(path, prediction, request):
    learner = request.getfixturevalue("toy") if path == "flow" else toy_learner(path, prediction)
    drawn = draw(learner, 2000)
    place, right = drawn[:, 0], drawn[:, 0] > 0
    assert abs(right.mean() - 0.3) < 0.06
    assert abs(place[right].mean() - 1.0) < 0.12
    assert abs(place[~right].mean() + 1.0) < 0.1
    assert place[~right].std() < 0.25 < 0.5 * place[right].std() + 0.2
    assert np.array_equal(np.unique(drawn[:, 1:]), [0.0, 1.0])
    assert np.mean(drawn[:, 2] == right) == pytest.approx(0.95, abs=0.04)


def test_guidance_sharpens(toy):
    wanted = np.tile(np.float32([0.0, 1.0]), (500, 1))
    known = np.ones((500, 1), dtype=bool)
    free, plain, sharp = (
        np.mean(draw(toy, 500, wanted, known, guidance=guidance)[:, 0] > 0) for guidance in (0.0, 1.0, 3.0)
    )
    assert free < plain - 0.3
    assert plain < sharp
    assert plain == pytest.approx(0.3 * 0.95 / (0.3 * 0.95 + 0.7 * 0.05), abs=0.06)


def test_given_columns_are_kept_and_heeded(toy):
    data = np.tile(np.float32([0.0, 0.0, 1.0]), (500, 1))
    mask = np.tile([False, True, True], (500, 1))
    drawn = draw(toy, 500, given=(data, mask))
    assert np.array_equal(drawn[:, 1:], data[:, 1:])
    assert np.mean(drawn[:, 0] > 0) == pytest.approx(0.89, abs=0.12), "0.3 * 0.95 / (0.3 * 0.95 + 0.7 * 0.05)"


DIGIT = Conditions(groups=(Segment(name="class", kind="categorical", start=0, width=10),))


@pytest.fixture(scope="module")
def digits():
    found = load_digits()
    return (found.images[:, None] / 8.0 - 1.0).astype(np.float32), found.target


@pytest.fixture(scope="module")
def digits_learner(digits):
    data, target = digits
    torch.manual_seed(0)
    learner, batch = made(Continuous(shape=(1, 8, 8), bounded=True), data, DIGIT)
    return trained(learner, batch, 300, data, np.eye(10, dtype=np.float32)[target], np.ones((len(data), 1), dtype=bool))


def wanted_digits(count):
    wanted = np.arange(count) % 10
    return wanted, np.eye(10, dtype=np.float32)[wanted], np.ones((count, 1), dtype=bool)


def test_digits_are_recognised_after_a_short_training(digits, digits_learner):
    data, target = digits
    wanted, conditions, known = wanted_digits(100)
    drawn = draw(digits_learner, 100, conditions, known, steps=10)
    judge = SVC(gamma=0.05).fit(data.reshape(-1, 64), target)
    assert np.mean(judge.predict(drawn.reshape(-1, 64)) == wanted) > 0.9
    assert 0.75 < drawn.std() / data.std() < 1.1, "neither faint nor blown up"
    flat = drawn.reshape(100, -1)
    gaps = np.linalg.norm(flat[:, None] - flat[None], axis=2)[~np.eye(100, dtype=bool)]
    assert gaps.min() > 0.1, "no two alike"


def test_given_pixels_are_kept_exactly_and_the_rest_fits(digits, digits_learner):
    data = digits[0][:40]
    mask = np.zeros(data.shape, dtype=bool)
    mask[..., :5, :] = True
    drawn = draw(digits_learner, 40, given=(data, mask))
    assert np.array_equal(drawn[mask], data[mask])
    free = draw(digits_learner, 40)
    rest = ~mask
    error = [np.square(one[rest] - data[rest]).mean() for one in (drawn, free)]
    assert error[0] < error[1], "nearer to the real rest than pictures drawn without the part"


def test_strength_decides_how_much_of_a_picture_stays(digits, digits_learner):
    data = digits[0][:40]
    nothing = np.zeros(data.shape, dtype=bool)
    weak, half, full = (
        np.square(draw(digits_learner, 40, given=(data, nothing), strength=strength) - data).mean()
        for strength in (0.1, 0.5, 1.0)
    )
    assert weak < half < full
    assert weak < 0.1 * full


def test_the_image_path_serves_and_resumes(tmp_path, digits):
    """Product training on a folder: stopped and resumed equals uninterrupted; the native engine draws by class."""
    import threading

    from PIL import Image

    from castalia.core.models import Model
    from castalia.core.plugins import modalities, resolve
    from castalia.core.requests import Request
    from castalia.engines.native.engine import NativeEngine
    from castalia.training.events import Stopped
    from castalia.training.plan import TrainingPlan
    from castalia.training.runs import run_training

    for index in range(60):
        path = tmp_path / "digits" / ("zero", "one")[index % 2] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        place = np.flatnonzero(digits[1] == index % 2)[index]
        Image.fromarray(np.uint8((digits[0][place, 0] + 1.0) * 127.5)).save(path)
    plan = {"source": tmp_path / "digits", "modality": "image", "family": "diffusion", "name": "d", "size": "tiny"}
    plan = TrainingPlan.model_validate(plan | {"threads": 1, "max_steps": 24})

    def run(name, stop_at=None):
        stop = threading.Event()
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        plan.write(folder)

        def emit(event):
            if stop_at is not None and event.preview is not None:
                stop.set()

        return folder, run_training(folder, emit, stop)

    _, whole = run("whole")
    folder, first = run("parts", stop_at=True)
    assert isinstance(first, Stopped)
    assert 0 < first.step < 24
    _, last = run("parts")
    weights = [(one / "artifact" / "weights.safetensors").read_bytes() for one in (tmp_path / "whole", folder)]
    assert weights[0] == weights[1]
    assert whole.figures["held_out_loss"] == last.figures["held_out_loss"]

    model = Model(name="d", format="castalia", engines=["native"], outputs=["image"], folder=folder / "artifact")
    engine = NativeEngine(model, {"threads": 1})

    def pictures(**options):
        complete = resolve(modalities().spec("image").options).model_validate(options).model_dump()
        request = Request.of_text("", modality="image", seed=1, options=complete)
        return [event.data for event in engine.generate(request) if event.event == "media"]

    plain = pictures(count=2, label="one")
    assert plain == pictures(count=2, label="one")
    assert plain != pictures(count=2, label="one", steps=3)
    assert plain != pictures(count=2, label="one", guidance=6.0)


def test_tokens_are_refused():
    with pytest.raises(BadRequest, match="continuous"):
        DiffusionFamily().derive(Tokens(vocabulary=5, length=4), None, "tiny", DiffusionOptions(), np.zeros((4, 4)))

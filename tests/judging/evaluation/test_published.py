"""The measures give what the papers state that brought them."""

import numpy as np
import pytest

from castalia.judging.evaluation.bootstrap import of_mean, shifted
from castalia.judging.evaluation.calibration import expected_calibration_error
from castalia.judging.evaluation.distances import frechet, frechet_of_moments, gaussian, kid_estimate, mmd2, polynomial
from castalia.judging.evaluation.diversity import vendi
from castalia.judging.evaluation.neighbours import manifold
from castalia.judging.evaluation.originality import c_t, nearest, rank_z


def test_frechet_is_the_closed_form_of_normal_distributions() -> None:
    # Heusel et al. (2017); of diagonal covariances it is |m1 - m2|^2 + sum (sqrt a - sqrt b)^2
    a, b = np.array([1.0, 4.0, 9.0]), np.array([4.0, 4.0, 1.0])
    mean1, mean2 = np.array([0.0, 1.0, 2.0]), np.array([2.0, 1.0, 0.0])
    expected = 4 + 0 + 4 + (1 - 2) ** 2 + 0 + (3 - 1) ** 2
    assert frechet_of_moments(mean1, np.diag(a), mean2, np.diag(b)) == pytest.approx(expected)
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    turned = (turn @ mean1, turn @ np.diag(a) @ turn.T, turn @ mean2, turn @ np.diag(b) @ turn.T)
    assert frechet_of_moments(*turned) == pytest.approx(expected)


def test_frechet_is_biased_by_the_count_and_kid_is_not() -> None:
    # Bińkowski et al. (2018): the Fréchet estimate of equal distributions falls with the count, that of the
    # kernel distance has expectation 0 at any
    rng = np.random.default_rng(1)
    means: dict[int, tuple[float, float]] = {}
    for count in (20, 80):
        pairs = [(rng.normal(size=(count, 8)), rng.normal(size=(count, 8))) for _ in range(60)]
        kids = [
            mmd2(polynomial(left, left), polynomial(right, right), polynomial(left, right)) for left, right in pairs
        ]
        assert abs(np.mean(kids)) < 3 * np.std(kids) / np.sqrt(len(kids))
        means[count] = float(np.mean([frechet(left, right) for left, right in pairs])), float(np.mean(kids))
    assert means[20][0] > 2.5 * means[80][0] > 0.3


def test_gaussian_mmd_of_normal_distributions_is_the_integral() -> None:
    # Gretton et al. (2012) estimate E k(x, x') + E k(y, y') - 2 E k(x, y); of N(0, 1) and N(m, 1) with
    # k = exp(-d^2 / w) the last is (1 + 4 / w)^(-1/2) exp(-m^2 / (w + 4))
    rng = np.random.default_rng(2)
    width, shift = 2.0, 1.5
    scale = (1 + 4 / width) ** -0.5
    expected = 2 * scale * (1 - np.exp(-(shift**2) / (width + 4)))
    found: list[float] = []
    for _ in range(60):
        left, right = rng.normal(size=(200, 1)), rng.normal(size=(200, 1)) + shift
        found.append(mmd2(gaussian(left, left, width), gaussian(right, right, width), gaussian(left, right, width)))
    assert abs(np.mean(found) - expected) < 3 * np.std(found) / np.sqrt(len(found))
    assert np.std(found) / np.sqrt(len(found)) < 0.03 * expected


@pytest.mark.parametrize("neighbours", [1, 2, 5])
def test_density_and_coverage_have_their_analytic_expectations(neighbours: int) -> None:
    # Naeem et al. (2020): of equal distributions E[density] = 1, and E[coverage] tends to 1 - 1 / 2^k
    rng = np.random.default_rng(3)
    found = [manifold(rng.normal(size=(400, 16)), rng.normal(size=(400, 16)), neighbours=neighbours) for _ in range(12)]
    count = np.arange(1, neighbours + 1)
    exact = 1 - np.prod((400 - count) / (800 - count))
    assert exact == pytest.approx(1 - 0.5**neighbours, abs=0.003)
    assert np.mean([one.coverage.mean() for one in found]) == pytest.approx(exact, abs=0.02)
    assert np.mean([one.density.mean() for one in found]) == pytest.approx(1.0, abs=0.05)


def test_vendi_score_counts_different_items() -> None:
    # Friedman and Dieng (2023): n when all differ wholly, 1 when all are equal, and the number of groups
    # when items are equal within equally large groups and differ wholly between them
    assert vendi(np.eye(7)) == pytest.approx(7)
    assert vendi(np.ones((7, 7))) == pytest.approx(1)
    assert vendi(np.kron(np.eye(3), np.ones((4, 4)))) == pytest.approx(3)
    shares = np.array([6, 3, 1]) / 10
    uneven = np.zeros((10, 10))
    for start, size in ((0, 6), (6, 3), (9, 1)):
        uneven[start : start + size, start : start + size] = 1
    assert vendi(uneven) == pytest.approx(np.exp(-(shares * np.log(shares)).sum()))


def half_moons(count: int, rng: np.random.Generator) -> np.ndarray:
    angle = rng.uniform(0, np.pi, count)
    upper = rng.random(count) < 0.5
    points = np.where(
        upper[:, None],
        np.stack([np.cos(angle), np.sin(angle)], 1),
        np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], 1),
    )
    return points + 0.2 * rng.normal(size=points.shape)


def test_c_t_of_a_kernel_density_estimate_changes_sign_with_its_width() -> None:
    # Meehan et al. (2020): on half moons a narrow estimate copies (C_T far below 0), a wide one underfits
    # (far above 0), and the width of the greatest held-out likelihood lies where it is about 0
    rng = np.random.default_rng(4)
    training, held = half_moons(1000, rng), half_moons(500, rng)

    def made(width: float) -> np.ndarray:
        return training[rng.integers(0, len(training), 500)] + width * rng.normal(size=(500, 2))

    def likelihood(width: float) -> float:
        squared = ((held[:, None] - training[None]) ** 2).sum(-1)
        return float(np.log(np.exp(-squared / (2 * width**2)).mean(1) / (2 * np.pi * width**2) + 1e-300).mean())

    def score(width: float) -> float:
        cells = (np.zeros(500, dtype=np.int64), np.zeros(500, dtype=np.int64))
        return c_t(nearest(held, training).distances, nearest(made(width), training).distances, *cells)

    widths = [0.01, 0.03, 0.06, 0.1, 0.13, 0.2, 0.4, 1.0]
    best = max(widths, key=likelihood)
    scores = {width: score(width) for width in widths}
    assert scores[0.01] < -10
    assert scores[1.0] > 10
    assert abs(scores[best]) < 4
    assert 0.06 <= best <= 0.2


def test_rank_z_of_equal_distributions_is_standard_normal() -> None:
    # Meehan et al. (2020), after Mann and Whitney (1947)
    rng = np.random.default_rng(5)
    scores = [rank_z(rng.normal(size=40), rng.normal(size=60)) for _ in range(400)]
    assert abs(np.mean(scores)) < 0.2
    assert np.std(scores) == pytest.approx(1.0, abs=0.12)
    assert rank_z(np.array([2.0, 2.0]), np.array([2.0, 2.0])) == 0


def test_expected_calibration_error_is_the_mean_gap() -> None:
    # Guo et al. (2017)
    confidence = np.repeat([0.95, 0.55], [40, 60])
    right = np.concatenate([np.arange(40) < 30, np.arange(60) < 33])
    assert expected_calibration_error(confidence, right) == pytest.approx(0.4 * abs(0.75 - 0.95))


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(6)
    inside = 0
    for trial in range(150):
        found = of_mean(rng.random(60) < 0.3, seed=trial)
        inside += found.low <= 0.3 <= found.high
    assert 0.87 <= inside / 150 <= 1.0


def test_a_shifted_interval_takes_the_bias_of_resampling_out() -> None:
    draws = np.random.default_rng(7).normal(5.0, 1.0, 2000)
    found = shifted(3.0, draws, 10)
    assert (found.low, found.high) == (pytest.approx(1.04, abs=0.2), pytest.approx(4.96, abs=0.2))


def test_an_interval_of_kid_holds_zero_for_equal_sets() -> None:
    rng = np.random.default_rng(8)
    found = kid_estimate(rng.normal(size=(150, 8)), rng.normal(size=(150, 8)))
    assert found.low <= 0 <= found.high
    far = kid_estimate(rng.normal(size=(150, 8)), rng.normal(size=(150, 8)) + 1)
    assert far.low > 0


@pytest.mark.filterwarnings("ignore:Metric .*:UserWarning")
def test_our_distances_are_those_of_torchmetrics() -> None:
    import torch
    from torchmetrics.image.fid import FrechetInceptionDistance
    from torchmetrics.image.kid import KernelInceptionDistance

    class Identity(torch.nn.Module):
        num_features = 12

        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            return rows

    rng = np.random.default_rng(9)
    mix = rng.normal(size=(12, 12))
    real, made = rng.normal(size=(90, 12)) @ mix, rng.normal(size=(70, 12)) @ mix + 0.3
    fid = FrechetInceptionDistance(feature=Identity())
    kid = KernelInceptionDistance(feature=Identity(), subsets=1, subset_size=70)
    for measure, theirs in ((fid, real), (kid, real[:70])):
        measure.update(torch.from_numpy(theirs), real=True)
        measure.update(torch.from_numpy(made), real=False)
    assert frechet(real, made) == pytest.approx(float(fid.compute()), rel=1e-3)
    assert kid_estimate(real[:70], made).value == pytest.approx(float(kid.compute()[0]), rel=1e-3)

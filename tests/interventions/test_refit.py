"""The bounded refit: feasible, optimal up to its stated gap, and blind to gauges."""

import numpy as np
import pytest
from scipy.optimize import minimize

from readoff.circuits.behaviour import attention
from readoff.circuits.effective import to_effective
from readoff.circuits.gauges import change_head_basis, random_basis
from readoff.circuits.paths import tables_on
from readoff.constructions import pairs
from readoff.core.errors import BadValue
from readoff.interventions.refit import refit_readout
from readoff.networks.architecture import architecture_for
from readoff.networks.network import Ensemble, Network
from readoff.tasks import Pairs

TASK = Pairs(n_signal=3, n_noise=1, n_ctx=4)
DOMAIN = TASK.domain(orbits=True)
ARCHITECTURE = architecture_for(TASK, d_head=2)


def ensemble(models=3):
    rng = np.random.default_rng(3)
    weights = {k: rng.standard_normal((models, *s)) for k, s in ARCHITECTURE.shapes().items()}
    return Ensemble(ARCHITECTURE, weights, np.arange(models))


def test_it_stays_in_the_bound_and_the_gap_is_small():
    for keep in ([0], [1], [0, 1]):
        found = refit_readout(ensemble(), keep, DOMAIN)
        assert (found.norm <= found.bound * (1 + 1e-12)).all()
        assert (found.gap <= 1e-4).all() and (found.slope <= 1e-4).all() and (found.gap >= -1e-12).all()
        assert found.margins.shape == (3, len(DOMAIN)) and found.loss.shape == (3,)


def test_more_norm_and_more_heads_never_hurt():
    one = refit_readout(ensemble(), [0], DOMAIN)
    wide = refit_readout(ensemble(), [0], DOMAIN, bound_factor=4.0)
    np.testing.assert_allclose(wide.bound, 4 * one.bound)
    assert (wide.loss <= one.loss + 1e-4).all()
    both = refit_readout(ensemble(), [0, 1], DOMAIN)
    assert (both.loss <= one.loss + 1e-4).all()


def test_against_scipy():
    """With SLSQP on the same convex problem, built from the definition."""
    network = ensemble()[0]
    found = refit_readout(network, [1], DOMAIN, tolerance=1e-5)
    tables, counts = tables_on(network, DOMAIN)
    values = to_effective(network).weights["V"][1]
    share = attention(tables, counts)[1]
    free = values - DOMAIN.probabilities @ share @ values
    rows = np.arange(len(DOMAIN))

    def split(x):
        return x[:12].reshape(2, 6), x[12:]

    def loss(x):
        readout, b = split(x)
        out = share @ free @ readout + b
        top = out.max(axis=1)
        return (np.log(np.exp(out - top[:, None]).sum(axis=1)) + top - out[rows, DOMAIN.labels]) @ DOMAIN.probabilities

    bound = {"type": "ineq", "fun": lambda x: found.bound**2 - np.sum((free @ split(x)[0]) ** 2)}
    best = minimize(loss, np.zeros(18), constraints=[bound], method="SLSQP", options={"maxiter": 500, "ftol": 1e-9})
    assert best.success and found.loss == pytest.approx(best.fun, abs=1e-4)


def test_bases_inside_heads_do_not_matter():
    network = ensemble()[0]
    rng = np.random.default_rng(0)
    changed = Network(ARCHITECTURE, change_head_basis(network.weights, 0, ov=random_basis(rng, 2)))
    one, other = (refit_readout(n, [0], DOMAIN, tolerance=1e-6) for n in (network, changed))
    assert other.bound == pytest.approx(one.bound) and other.loss == pytest.approx(one.loss, abs=1e-5)


def test_hard_heads_cannot_be_refitted_past_one_order_statistic():
    task = Pairs()
    network, domain = pairs.two_heads_d_head_1(task, gap=60.0), task.domain(orbits=True)
    for keep in ([0], [1]):
        found = refit_readout(network, keep, domain, bound_factor=10.0)
        assert found.accuracy <= 7 / 16 and found.loss >= 1.04041 - 1e-4
    assert refit_readout(network, [0, 1], domain).accuracy == 1.0


def test_a_diverged_model_does_not_stop_the_others():
    is_broken = np.arange(3) == 1
    weights = {
        k: np.where(is_broken.reshape(-1, *[1] * (v.ndim - 1)), np.nan, v) for k, v in ensemble().weights.items()
    }
    broken = Ensemble(ARCHITECTURE, weights, np.arange(3))
    found, alone = refit_readout(broken, [0], DOMAIN), refit_readout(ensemble(), [0], DOMAIN)
    assert np.isnan(found.loss[1]) and found.accuracy[1] == 0
    np.testing.assert_allclose(found.loss[[0, 2]], alone.loss[[0, 2]], atol=1e-3)


def test_nonsense_is_refused():
    for keep in ([], [2], [-1]):
        with pytest.raises(BadValue, match="keep is"):
            refit_readout(ensemble(), keep, DOMAIN)
    with pytest.raises(BadValue, match="bound_factor"):
        refit_readout(ensemble(), [0], DOMAIN, bound_factor=0.0)

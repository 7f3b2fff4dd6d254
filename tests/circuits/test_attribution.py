"""The worked example adds up, in every gauge, and says what the network says."""

import numpy as np
import pytest
from literal_network import literal_logits, random_weights

from readoff.circuits.attribution import worked_example
from readoff.circuits.gauges import LOGITS_CENTRED, MEAN_FREE
from readoff.core.errors import BadValue
from readoff.networks.architecture import EffectiveArchitecture, architecture_for
from readoff.networks.network import Network
from readoff.tasks import Pairs

TASK = Pairs()


@pytest.mark.parametrize("positions", [False, True])
@pytest.mark.parametrize("with_domain", [False, True])
def test_everything_adds_up(positions, with_domain):
    architecture = architecture_for(TASK, positions=positions)
    network = Network(architecture, random_weights(architecture, 0))
    tokens = [7, 4, 7, 3, 0]
    domain = TASK.domain(orbits=not positions) if with_domain else None
    example = worked_example(network, TASK, tokens, domain)
    literal = literal_logits(architecture, network.weights, tokens)
    np.testing.assert_allclose(example.logits.values, literal - literal.mean(), atol=1e-11)
    np.testing.assert_allclose((example.by_position.sum("position") - example.by_head).values, 0, atol=1e-12)
    np.testing.assert_allclose((example.by_head.sum("head") + example.base - example.logits).values, 0, atol=1e-12)
    np.testing.assert_allclose(example.attention.sum("position").values, 1.0)
    assert example.label == "34" and example.predicted == TASK.output_labels[int(np.argmax(literal))]
    assert example.logits.gauge == (MEAN_FREE if with_domain else LOGITS_CENTRED)
    assert example.tokens == ("0: 7", "4", "2: 7", "3", "0")


def test_by_hand():
    """Uniform attention over five places; only tokens 3 and 4 write, 10 each on the outputs 33 and 44."""
    architecture = EffectiveArchitecture(12, 10, 5, n_heads=1, d_head=2, biases=False)
    values, readout = np.zeros((1, 12, 2)), np.zeros((1, 2, 10))
    values[0, 3, 0] = values[0, 4, 1] = 10.0
    readout[0, 0, 7] = readout[0, 1, 9] = 1.0
    network = Network(architecture, {"scores": np.zeros((1, 12)), "V": values, "O": readout})
    example = worked_example(network, TASK, [7, 4, 10, 3, 0])
    assert example.attention.values.tolist() == [[0.2] * 5]
    assert example.by_position.at(head="0", position="3", output="33") == pytest.approx(2 - 0.2)
    assert example.by_head.at(head="0", output="44") == pytest.approx(2 - 0.4)
    assert example.raised("0") == ("33", "44") and example.raised("0", least=2.0) == ()
    text = example.render()
    assert text.startswith("input 7 4 10 3 0: predicted 33, right is 34") and "1.60" in text


def test_inputs_of_other_tasks_are_refused():
    architecture = architecture_for(TASK)
    network = Network(architecture, random_weights(architecture, 0))
    with pytest.raises(BadValue, match="5 tokens"):
        worked_example(network, TASK, [1, 2, 0])
    with pytest.raises(BadValue, match="below 12"):
        worked_example(network, TASK, [7, 4, 12, 3, 0])
    with pytest.raises(BadValue, match="not an input"):
        worked_example(network, TASK, [1, 1, 1, 1, 0])

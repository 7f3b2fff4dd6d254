"""None of the planted false claims holds, and each is caught for its own reason."""

import pytest
from planted import PLANTED, N

from readoff.claims.runner import check


@pytest.mark.parametrize(("made", "source", "expected", "why"), PLANTED, ids=[p[0].id for p in PLANTED])
def test_a_planted_false_claim_does_not_hold(made, source, expected, why):
    (found,) = check([made], source, n_seeds=N).records
    assert found["verdict"] != "HOLDS", why
    assert found["verdict"] == expected, f"{why}: {found['reason']}"


def test_their_honest_twins_would_hold():
    """The networks of the planted claims are good enough for a true claim: it is the claims that are caught."""
    from planted import GOOD, provider, seeds

    assert check([seeds("honest")], provider(GOOD), n_seeds=N).records[0]["verdict"] == "HOLDS"

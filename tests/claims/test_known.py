"""Reference values: compared after the verdict, with the precision that their text carries."""

import pytest

from readoff.claims.enclosure import Enclosure
from readoff.claims.evidence import certified, enumerated
from readoff.claims.known import Known, agrees
from readoff.claims.scope import Decision
from readoff.core.errors import BadValue, UnknownName

NONE = Decision("HOLDS", "")


def compare(text, value, **fields):
    return agrees(Known(text, "by hand", "x", **fields), enumerated(x=value), NONE, None)


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("2.25273", 2.252734, "yes"),
        ("2.25273", 2.2527351, "no"),
        ("0.125", 0.125, "yes"),
        ("0.5", 0.54, "yes"),
        ("0.5", 0.56, "no"),
        ("4704", 4704, "yes"),
        ("4704", 4705, "no"),
        ("45 %", 0.4512, "yes"),
        ("45 %", 0.4612, "no"),
        ("5.5e-7", 5.52e-7, "yes"),
        ("5.5e-7", 5.6e-7, "no"),
        ("7/16", 0.4375, "yes"),
        ("7/16", 0.43, "no"),
        ("-1", -1.0, "yes"),
    ],
)
def test_precision_comes_from_the_digits(text, value, expected):
    assert compare(text, value) == expected


def test_an_enclosure_agrees_if_it_may():
    found = agrees(Known("2.25", "s", "x"), certified(x=Enclosure(2.2549, 2.26)), NONE, None)
    assert found == "yes"
    assert agrees(Known("2.25", "s", "x"), certified(x=Enclosure(2.2551, 2.26)), NONE, None) == "no"


def test_context_is_never_agreement():
    assert compare("93 %", 0.93, comparable=False) == "not comparable"
    assert compare("about nine tenths", 0.9, comparable=False) == "not comparable"


def test_rates_are_compared_as_rates():
    def rate(text, k, n):
        return agrees(Known(text, "s"), enumerated(x=0), Decision("HOLDS", "", k / n, (0, 1), n), None)

    assert rate("20/24", 50, 64) == "yes"
    assert rate("9/24", 63, 64) == "no"
    assert rate("24/24", 64, 64) == "yes"
    assert agrees(Known("9/24", "s"), enumerated(x=0), NONE, None) == "not comparable"


def test_mistakes():
    with pytest.raises(BadValue, match="not a number"):
        Known("almost all", "s")
    with pytest.raises(BadValue, match="needs a source"):
        Known("1", "")
    with pytest.raises(UnknownName, match="measured number"):
        agrees(Known("1", "s", "y"), enumerated(x=1), NONE, None)

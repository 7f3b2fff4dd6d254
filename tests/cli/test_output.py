"""The cells of the terminal's table of verdicts."""

import pytest

from readoff.cli.output import known


def record(**fields):
    return {"known": "380", "agrees": "yes", "scope": "Exists", "headline": None, "known_number": "", **fields}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "380 agrees"),
        ({"headline": "bits", "known_number": "bits"}, "380 agrees"),
        ({"headline": "bits", "known_number": "third"}, "380 agrees (third)"),
        ({"known_number": "only"}, "380 agrees"),
        ({"scope": "Seeds", "known_number": "rate"}, "380 agrees"),
        ({"scope": "Seeds", "known_number": "own", "headline": "own", "agrees": "no"}, "380 DIFFERS (own)"),
        ({"agrees": "not comparable", "known_number": "x", "headline": "y"}, "380 (context)"),
        ({"known": None, "agrees": None}, ""),
    ],
)
def test_the_known_value_names_what_was_compared_where_that_is_not_the_number_shown(fields, said):
    assert known(record(**fields)) == said

"""A made-up but life-sized report: every exhibit kind, every verdict, and the numbers of no real network."""

import itertools
import math

import numpy as np

from readoff.report.data import ReportData

SIGNAL = ["1", "2", "3", "4"]
PAIRS = ["11", "12", "13", "14", "22", "23", "24", "33", "34", "44"]
TOKENS = [str(t) for t in range(12)]
HOSTILE = "</script><script>alert('x')</script> \"quoted\" & 'single' <b>ü–∞漢字"


def table() -> list[list[float]]:
    """The 4 x 10 table with 3 on doubles and 2 on mixed pairs."""
    return [[(3.0 if p == 2 * t else 2.0) if t in p else 0.0 for p in PAIRS] for t in SIGNAL]


def heatmap(rng: np.random.Generator) -> dict:
    values = np.zeros((12, 10))
    values[1:5] = np.array(table()) - np.mean(table(), axis=1, keepdims=True)
    values += rng.normal(0, 0.15, values.shape)
    return {
        "rows": TOKENS,
        "columns": PAIRS,
        "row_axis": "attended token",
        "column_axis": "output (pair)",
        "values": np.round(values, 4).tolist(),
        "gauge": "logits centred over outputs",
        "unit": "nats",
    }


def curves(rng: np.random.Generator, n_seeds: int = 64, n_steps: int = 60) -> dict:
    steps = np.unique(np.round(np.logspace(0, math.log10(2000), n_steps)).astype(int))
    series = []
    for seed in range(n_seeds):
        failed = seed in (12, 40)
        start = 120 * math.exp(rng.normal(0, 0.35))
        loss = 2.2527 / (1 + (steps / start) ** 2.4) + rng.normal(0, 0.004, len(steps)).cumsum() * 0.02
        loss = np.abs(loss) + (0.35 if failed else 1e-5)
        values = [float(v) for v in loss]
        if seed == 40:
            values[40:] = [None] * (len(values) - 40)
        series.append({"name": f"seed {seed}", "x": steps.tolist(), "y": values, "failed": failed})
    return {"series": series, "x_axis": "step", "y_axis": "loss (nats)", "log_x": True, "log_y": True}


def orders(rng: np.random.Generator, n_seeds: int = 64) -> dict:
    every = [list(p) for p in itertools.permutations(SIGNAL)]
    first, second = [], []
    for seed in range(n_seeds):
        order = every[rng.integers(len(every))] if seed % 3 else ["4", "3", "2", "1"]
        other = order[::-1]
        if seed % 9 == 0:
            other = [other[1], other[0], *other[2:]]
        first.append(None if seed == 40 else order)
        second.append(None if seed == 40 else other)
    return {"tokens": SIGNAL, "heads": {"head 0": first, "head 1": second}}


def phase() -> dict:
    heads, sizes = [1, 2, 3], [1, 2, 3, 4, 5]
    facets = ["bias, decay 0", "bias, decay 0.1", "no bias, decay 0", "no bias, decay 0.1"]
    learned, expressible = [], []
    for facet in facets:
        bias = not facet.startswith("no")
        learned.append(
            [
                [[0 if h == d == 1 and not bias else min(64, 30 + 9 * h * d - 4 * (not bias)), 64] for d in sizes]
                for h in heads
            ]
        )
        expressible.append([["impossible" if h == d == 1 and not bias else "possible" for d in sizes] for h in heads])
    learned[3][2][4] = None
    expressible[3][2][4] = "unknown"
    return {
        "rows": heads,
        "columns": sizes,
        "row_axis": "n_heads",
        "column_axis": "d_head",
        "facets": facets,
        "learned": learned,
        "expressible": expressible,
    }


def trace() -> dict:
    return {
        "input": ["7", "4", "10", "3", "0"],
        "steps": [
            {
                "name": "attention of each head",
                "labels": ["7", "4", "10", "3", "0"],
                "rows": ["head 0", "head 1"],
                "values": [[0.01, 0.82, 0.01, 0.15, 0.01], [0.02, 0.09, 0.01, 0.87, 0.01]],
            },
            {
                "name": "head 0 writes (centred)",
                "labels": PAIRS,
                "values": [-1.2, -1, 3.1, -0.9, -1.1, -0.8, -1.3, 3.6, 2.9, -3.3],
            },
            {
                "name": "head 1 writes (centred)",
                "labels": PAIRS,
                "values": [-2.2, -2, -2.3, -1.9, -2.1, -1.8, 3.4, 0.2, 5.1, 3.6],
            },
            {"name": "logits", "labels": PAIRS, "values": [-3.4, -3, 0.8, -2.8, -3.2, -2.6, 2.1, 3.8, 8.0, 0.3]},
        ],
    }


def margins(rng: np.random.Generator, count: int = 280) -> dict:
    values = 0.4 + rng.gamma(3.0, 1.2, count)
    return {"margins": np.round(values, 5).tolist(), "error_bound": 3.1e-13, "unit": "nats"}


def scatter(rng: np.random.Generator) -> dict:
    x = np.concatenate([rng.uniform(0.2, 1.3, 64), rng.uniform(3, 7, 64)])
    y = np.concatenate([rng.normal(0.78, 0.05, 64), rng.normal(0.95, 0.02, 64)])
    return {
        "x": np.round(x, 4).tolist(),
        "y": np.round(y, 4).tolist(),
        "series": ["one head"] * 64 + ["two heads"] * 64,
        "x_axis": "attention spread over the signal tokens",
        "y_axis": "gauge-fixed cosine with the table",
        "rules": [{"axis": "y", "value": 2 / 3, "label": "R² bound 2/3"}],
    }


def exhibits() -> list[dict]:
    rng = np.random.default_rng(7)
    big = rng.normal(0, 1, (113, 113)).round(3).tolist()
    names = [str(i) for i in range(113)]
    listed = [
        (
            "pairs/worked-example",
            "trace",
            "One input through one network",
            "Seed 1,000,003, number by number.",
            trace(),
        ),
        ("pairs/two-heads-learn", "curves", "Loss of all 64 seeds", "Exact population loss.", curves(rng)),
        ("pairs/two-heads-learn", "margins", "Margins over the whole domain", "Seed 3.", margins(rng)),
        ("pairs/opposite-orders", "orders", "Attention orders of both heads", "Most attended on top.", orders(rng)),
        ("pairs/opposite-orders", "heatmap", "EVOU of head 0", "Seed 3.", heatmap(rng)),
        ("pairs/d-head-4", "phase", "What can be expressed, and what was learned", "64 seeds a cell.", phase()),
        ("pairs/sum-is-table", "scatter", "Cosine with the one-head table", "", scatter(rng)),
        (
            "pairs/sum-is-table",
            "histogram",
            "Paired difference of the cosine",
            "Own heads minus shuffled ones.",
            {"values": rng.normal(0.09, 0.03, 64).round(4).tolist(), "x_axis": "difference of cosines"},
        ),
        (
            "pairs/facts",
            "table",
            "Facts of the task",
            "",
            {
                "columns": ["quantity", "value", "exact"],
                "rows": [["label entropy (nats)", 2.25273, "no"], ["majority", 0.125, "1/8"]],
            },
        ),
        (
            "skip/parity-heads",
            "grid",
            "Parity: bits by heads",
            "",
            {
                "rows": [2, 3, 4],
                "columns": [1, 2, 3, 4],
                "row_axis": "bits",
                "column_axis": "heads",
                "cells": [
                    ["impossible", "learned", "learned", "learned"],
                    ["impossible", "impossible", "possible", "learned"],
                    ["impossible", "impossible", "impossible", "unknown"],
                ],
            },
        ),
        (
            "skip/parity-heads",
            "heatmap",
            "A table of 113 by 113",
            "Too large for cells.",
            {"rows": names, "columns": names, "values": big, "row_axis": "a", "column_axis": "b", "gauge": "raw"},
        ),
    ]
    return [
        {"claim_id": claim, "id": f"{kind}-{i}", "kind": kind, "title": title, "caption": caption, "data": data}
        for i, (claim, kind, title, caption, data) in enumerate(listed)
    ]


def claim(identifier: str, verdict: str, says: str, **more: object) -> dict:
    base = {
        "id": identifier,
        "verdict": verdict,
        "says": says,
        "scope": "EveryInput",
        "inputs": "CERTIFIED",
        "networks": "ONE",
        "value": None,
        "interval": None,
        "n": None,
        "power": None,
        "known": None,
        "agrees": None,
        "statement": None,
        "relation": None,
        "open": False,
        "controls": [],
        "networks_from": "trained",
        "assumes": [],
        "seconds": 0.42,
        "reused": False,
        "reason": "",
    }
    return {**base, **more}


def seeds(k: int, n: int, low: float) -> dict:
    return {
        "scope": "Seeds",
        "inputs": "ENUMERATED",
        "networks": f"SAMPLED {n} of {n}",
        "value": k / n,
        "interval": [low, 1.0],
        "n": n,
        "power": 0.97,
        "at_least": 0.9,
        "confidence": 0.95,
    }


def control(name: str, expected: str = "fail", as_expected: bool = True) -> dict:
    return {"name": name, "expected": expected, "as_expected": as_expected}


def claims() -> list[dict]:
    return [
        claim(
            "pairs/facts",
            "HOLDS",
            "The label entropy of the task.",
            value=2.2527299552,
            interval=[2.2527299551, 2.2527299553],
            known="2.25273",
            known_source="independent calculation",
            agrees="yes",
            networks_from=None,
            controls=[control("a task with three signal tokens")],
        ),
        claim(
            "pairs/two-heads-learn",
            "HOLDS",
            "Two heads of size 5 learn the task on every input.",
            statement="author/learned",
            relation="supports",
            controls=[control("untrained"), control("permuted labels")],
            failed_seeds=[12, 40],
            numbers={
                "accuracy": {"count": 64, "finite": 63, "low": 0.875, "median": 1.0, "high": 1.0},
                "entropy": [2.25272995, 2.25272996],
            },
            registered="before",
            **seeds(62, 64, 0.9047),
        ),
        claim(
            "pairs/opposite-orders",
            "UNDECIDED",
            "The two heads rank the signal tokens in exactly opposite orders.",
            statement="chan/opposite",
            relation="supports",
            known="24/24 with decay 0.1, 23/24 without",
            known_source="effective model, independent calculation",
            agrees="not comparable",
            controls=[control("heads from different seeds"), control("untrained")],
            reason="56 of 63 straddles the bar of 0.9; with 64 networks the power at a true rate of 0.95 is 0.58.",
            code="def opposite_orders(numbers):\n    return numbers['tau'] == -1\n",
            **{**seeds(56, 63, 0.8), "given": "solves the task"},
        ),
        claim(
            "pairs/worked-example",
            "HOLDS",
            "On 7 4 10 3 0 class 8 is the only one that both heads raise a lot.",
            statement="chan/worked",
            relation="illustrates",
            controls=[control("heads from different seeds")],
            scope="Exists",
            value=8.0,
        ),
        claim(
            "pairs/rank-3-impossible",
            "HOLDS",
            "One head with d_head 1 and a constant logit vector solves the task.",
            statement="chan/rank-4",
            relation="refutes",
            standing="refuted",
            scope="Exists",
            value=0.25,
            known=0.25,
            known_source="independent calculation",
            agrees="yes",
            networks_from="constructed",
            controls=[control("readout rounded to one bit"), control("rotated basis inside the head", "hold")],
            assumes=[],
        ),
        claim(
            "pairs/rank-1-no-bias",
            "HOLDS",
            "No network of one head with d_head 1, no biases and no direct path solves the task.",
            scope="EveryNetwork",
            networks="PROVED",
            networks_from=None,
            value="impossible",
            known="0/48 and 0/32 trained",
            known_source="independent calculation",
            agrees="yes",
            controls=[control("with a direct path", "fail")],
            assumes=["Softmax attention lies in the convex hull of the value rows (text; 10,000 numeric tests)."],
        ),
        claim(
            "pairs/d-head-4",
            "HOLDS",
            "Success over n_heads, d_head, bias and decay.",
            statement="chan/d-head-4",
            relation="qualifies",
            networks_from="zoo",
            controls=[control("untrained")],
            **{**seeds(64, 64, 0.954), "networks": "SAMPLED 64 of 64 in each of 60 cells"},
        ),
        claim(
            "pairs/sum-is-table",
            "HOLDS",
            "The two EVOUs add up to the one-head table better than those of shuffled pairs do.",
            statement="chan/sum",
            relation="supports",
            value=0.0912,
            interval=[0.0831, 0.0993],
            n=64,
            scope="Seeds",
            confidence=0.95,
            inputs="ENUMERATED",
            networks="SAMPLED 64 of 64",
            known=0.09,
            known_source="independent calculation, effective model",
            agrees="no",
            controls=[control("shuffled pairs")],
            reason="The known value is of the effective model; ours has a direct path.",
        ),
        claim(
            "pairs/errors-cancel",
            "VACUOUS",
            "The heads' errors are opposite.",
            statement="chan/errors",
            relation="supports",
            open=True,
            controls=[control("a constant gauge shift", "fail", False)],
            reason="It also holds after a constant gauge shift, which changes no answer.",
            **seeds(60, 64, 0.87),
        ),
        claim(
            "pairs/calibration-entries",
            "UNCONTROLLED",
            "Head 0's small entries are calibration.",
            statement="chan/calibration",
            open=True,
        ),
        claim(
            "pairs/inconsistent-rule",
            "FAILS",
            "Attending to 2 raises class 4 only.",
            statement="chan/rule",
            relation="corrects",
            controls=[control("shuffled orders")],
            reason="The least-attended token raises two or more of its pairs in 26 of 32 heads.",
            **seeds(6, 32, 0.08),
        ),
        claim(
            "skip/parity-heads",
            "ERROR",
            "K-bit parity takes exactly K heads of d_head 1.",
            reason="ZeroDivisionError in measure, line 41 of skip_trigrams.py: the score gap is 0.",
            scope="Exists",
            networks_from=None,
        ),
    ]


def statement(identifier: str, text: str, standing: str, claim_id: str | None, **more: object) -> dict:
    base = {
        "id": identifier,
        "says": text,
        "speaker": "Chan",
        "place": "comment of October 2024, paragraph 4",
        "stance": "asserts",
        "quantifier": "typically",
        "basis": "reconstruction",
        "standing": standing,
        "claims": [claim_id] if claim_id else [],
        "not_testable": "",
    }
    return {**base, **more}


def statements() -> list[dict]:
    return [
        statement(
            "author/learned",
            "Two heads of size 5 learn the task.",
            "supported",
            "pairs/two-heads-learn",
            speaker="Greenspan & Wynroe",
            quantifier="some",
        ),
        statement(
            "chan/opposite",
            "In almost all tests the heads rank the signal tokens in opposite orders.",
            "undecided",
            "pairs/opposite-orders",
            stance="paraphrases",
        ),
        statement("chan/worked", "On 7 4 10 3 0 the heads share class 8 only.", "illustrated", "pairs/worked-example"),
        statement(
            "chan/rank-4",
            "The task needs an EVOU of rank 4; with rank 3 the four tokens cannot be told apart.",
            "refuted",
            "pairs/rank-3-impossible",
            quantifier="impossible",
        ),
        statement("chan/d-head-4", "One head suffices as long as d_head is at least 4.", "qualified", "pairs/d-head-4"),
        statement(
            "chan/sum", "The two EVOUs add up to something like the one-head table.", "supported", "pairs/sum-is-table"
        ),
        statement(
            "chan/errors",
            "The heads' errors are opposite and cancel.",
            "open",
            "pairs/errors-cancel",
            stance="conjectures",
        ),
        statement(
            "chan/calibration",
            "The small entries are probably error correction or calibration.",
            "open",
            "pairs/calibration-entries",
            stance="conjectures",
        ),
        statement("chan/rule", "Attending to 2 raises classes 2, 3 and 4.", "corrected", "pairs/inconsistent-rule"),
        statement("chan/scale", "EVOU scales up until weight decay kicks in.", "", None),
        statement(
            "chan/nan",
            "The nan of the figure is probably outputs 9 and 10.",
            "not testable",
            None,
            stance="asks",
            not_testable="Nobody but its author can say what the figure shows.",
        ),
    ]


def meta() -> dict:
    return {
        "readoff": "0.1.0",
        "claims": [c["id"] for c in claims()],
        "profile": "quick",
        "device": "2 CPU cores",
        "seconds": 173.2,
        "versions": {"python": "3.11.7", "jax": "0.10.2", "numpy": "2.4.6", "python-flint": "0.9.0"},
        "seeds": {"exploration": "1,000,000 and up", "judged": "0 to 63"},
        "rebuild": ["git clone … && cd readoff", "./run check --profile quick --report report.html"],
        "studies": {
            "pairs": {
                "title": "Pairs: the OV-coherent toy model",
                "intro": "Two signal tokens among noise; the network must name the unordered pair.",
            },
            "skip": {"title": "Skip-trigrams and parity"},
        },
    }


def sample() -> ReportData:
    """The whole made-up report."""
    return ReportData(claims(), statements(), exhibits(), meta())

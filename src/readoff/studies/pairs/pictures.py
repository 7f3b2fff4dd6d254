"""Exhibits of the trained networks: loss curves of all seeds, attention orders, tables of one network, margins."""

from typing import Any

import numpy as np

from readoff.circuits.attention import attention_order
from readoff.circuits.behaviour import margins
from readoff.circuits.gauges import MEAN_FREE, SCORES_CENTRED, centre_scores
from readoff.claims import Exhibit
from readoff.studies.pairs.measures import SIGNALS, TASK, certificate, free_tables, population, tables

TOKENS = list(TASK.input_tokens)


def loss_curves(run: Any, n: Any) -> list[Exhibit]:
    """Loss of every seed against the step; seeds that did not solve the task are marked."""
    steps = run.steps[1:].tolist()
    failed = ~(run.trace["margin"][:, -1] > 0) | ~run.ensemble.alive
    series = [
        {"name": f"seed {seed}", "x": steps, "y": np.maximum(loss[1:], 1e-12).tolist(), "failed": bool(bad)}
        for seed, loss, bad in zip(run.ensemble.seeds, run.trace["loss"], failed)
    ]
    data = {"series": series, "x_axis": "step", "y_axis": "loss (nats)", "log_x": True, "log_y": True}
    caption = f"Recipe {run.recipe.id}: {len(series)} seeds, {int(failed.sum())} of them failed."
    return [Exhibit("loss", "curves", "Loss of all seeds", caption, data)]


PLACES = ("1st", "2nd", "3rd", "4th", "5th", "6th")


def attention_orders(run: Any, n: Any) -> list[Exhibit]:
    """Head 1's order of the signal tokens, each named by its place in head 0's: reversed orders read last to first."""
    order = attention_order(tables(run.ensemble).scores, SIGNALS)
    names = [{t: PLACES[i] for i, t in enumerate(first)} for first in order[:, 0].tolist()]
    second = [[name[t] for t in row] for name, row in zip(names, order[:, 1].tolist())]
    data = {"tokens": list(PLACES[: len(SIGNALS)]), "heads": {"head 1": second}}
    caption = (
        f"Recipe {run.recipe.id}. Most attended on top. Tokens are named by their place in head 0's own order, so the "
        "column 4th 3rd 2nd 1st is an exact reversal; heads have no other identity."
    )
    return [Exhibit("orders", "orders", "Head 1's order, seen from head 0", caption, data)]


def network_tables(run: Any, n: Any) -> list[Exhibit]:
    """EQKE and EVOU of the first network, and its margins over the domain with the enclosure's width."""
    network = run.ensemble[0]
    scores = centre_scores(tables(network)).scores
    free = free_tables(network).values
    seed = int(run.ensemble.seeds[0])
    out = [
        _heatmap(
            "eqke",
            "EQKE at the read-off, per head",
            f"Seed {seed}.",
            [f"head {h}" for h in range(len(scores))],
            TOKENS,
            ("head", "attended token"),
            scores,
            SCORES_CENTRED,
        )
    ]
    for head in range(len(free)):
        caption = f"Seed {seed}. Rows 1 to 4 are signal tokens."
        names = TOKENS, list(TASK.output_labels), ("attended token", "output")
        out.append(_heatmap(f"evou-{head}", f"EVOU of head {head}", caption, *names, free[head], MEAN_FREE))
    domain, counts = population()
    found = margins(tables(network), counts, domain.labels)
    enclosed = certificate(network)
    bound = float(np.max(enclosed.upper - enclosed.lower))
    data = {"margins": found.tolist(), "error_bound": bound, "unit": "nats"}
    caption = f"Seed {seed}; the 280 orbits. The line is the widest enclosure of a margin."
    return [*out, Exhibit("margins", "margins", "Margins over the whole domain", caption, data)]


def _heatmap(
    id: str, title: str, caption: str, rows: list, columns: list, axes: tuple[str, str], values: Any, gauge: str
) -> Exhibit:
    data = {
        "rows": rows,
        "columns": columns,
        "row_axis": axes[0],
        "column_axis": axes[1],
        "values": np.asarray(values).tolist(),
        "gauge": gauge,
        "unit": "nats",
    }
    return Exhibit(id, "heatmap", title, caption, data)


def main_exhibits(run: Any, n: Any) -> list[Exhibit]:
    """Curves and tables together."""
    return loss_curves(run, n) + network_tables(run, n)

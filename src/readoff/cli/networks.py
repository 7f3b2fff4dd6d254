"""Commands about networks: what there is, how it came out, what is inside, and exchange with other tools.

readoff runs                                    what is stored
readoff show pairs-1L2H5d                       a recipe and how each of its networks came out
readoff read pairs-1L2H5d evou --seed 3         a circuit table (also eqke, eu, eqkp, pvou, scores, order)
readoff import model.safetensors --task pairs   TransformerLens names, or a file that readoff wrote
readoff export pairs-1L2H5d --seed 3            writes pairs-1L2H5d-...-seed3.safetensors
"""

import json as json_module
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import tyro

from readoff.claims.zoo import Zoo
from readoff.cli import output, reading
from readoff.cli.find import Found, find, known, network_of, run_of
from readoff.cli.flags import TaskFlags, find_task, given
from readoff.cli.outcomes import outcome_json, outcome_rows, recipe_line
from readoff.core.canonical import canonical_json
from readoff.core.errors import BadValue, Damaged
from readoff.core.files import replace_file
from readoff.networks.network import Ensemble, Network
from readoff.store import Store, imported
from readoff.tasks.base import Task

DEFAULT = Path(".readoff")
Id = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="ID")]


def runs(zoo: bool = False, store: Path = DEFAULT, json: bool = False) -> int:
    """List the trained and imported networks in the store.

    Args:
        zoo: list the shipped ones too.
        store: folder of the ledger and of trained networks.
        json: print JSON although stdout is a terminal.
    """
    found = known(store, Zoo() if zoo else None)
    if json or not sys.stdout.isatty():
        output.print_json([_run_json(one) for one in found])
        return 0
    rows = [
        (
            one.id,
            one.source,
            str(one.n_networks),
            str(one.n_damaged or ""),
            recipe_line(one.recipe) if one.recipe else "",
        )
        for one in found
    ]
    output.print_table(("id", "from", "networks", "damaged", "recipe"), rows)
    if not found:
        print(f"nothing is stored in {store}; `readoff train pairs` trains networks, `readoff import` takes some in.")
    return 0


def show(id: Id, /, store: Path = DEFAULT, json: bool = False) -> int:
    """Show a recipe, the trainer's fingerprint, and how each network came out.

    Args:
        id: of trained, imported or shipped networks, or its beginning.
        store: folder of the ledger and of trained networks.
        json: print JSON although stdout is a terminal.
    """
    zoo = Zoo()
    one = find(id, known(store, zoo))
    as_json = json or not sys.stdout.isatty()
    if one.source == "imported":
        found = _imported_json(imported.load(store, one.id))
        if as_json:
            output.print_json(found)
        else:
            output.print_table(
                ("", ""), [(k, v if isinstance(v, str) else json_module.dumps(v)) for k, v in found.items()]
            )
        return 0
    from readoff.training.outcome import outcome

    run = run_of(one, store, zoo)
    found = outcome(run)
    recipe = json_module.loads(canonical_json(run.recipe))
    if as_json:
        head = {"id": one.id, "source": one.source, "recipe": recipe, "fingerprint": run.fingerprint}
        output.print_json(head | {"damaged": one.n_damaged} | outcome_json(found))
        return 0
    rows = [
        ("recipe", one.id),
        ("from", one.source + (f" ({one.n_damaged} more in damaged files)" if one.n_damaged else "")),
        ("trained by", recipe_line(run.recipe)),
        ("fingerprint", ", ".join(f"{k} {v}" for k, v in run.fingerprint.items())),
        *outcome_rows(found),
        ("JSON", json_module.dumps(recipe)),
    ]
    output.print_table(("", ""), rows)
    networks = [
        (
            str(n["seed"]),
            "diverged" if n["diverged"] else {True: "solved", False: "not solved", None: ""}[n["solved"]],
            *("" if n[name] is None else f"{n[name]:.5g}" for name in ("accuracy", "margin", "loss")),
        )
        for n in outcome_json(found)["networks"]
    ]
    output.print_table(("seed", "came out", "accuracy", "smallest margin", "loss"), networks)
    return 0


def read(
    id: Id,
    table: Annotated[reading.TableName, tyro.conf.Positional],
    /,
    seed: int | None = None,
    head: str | None = None,
    query: str | None = None,
    raw: bool = False,
    png: Path | None = None,
    store: Path = DEFAULT,
    json: bool = False,
) -> int:
    """Read a circuit table off one network, labelled and with its gauge.

    Args:
        id: of trained, imported or shipped networks, or its beginning.
        table: evou, pvou and eu in logits, eqke, eqkp and scores in nats, or the order in which heads attend.
        seed: which network (default: the first one).
        head: only this head.
        query: the token that reads (default: the one that ends every input of the task).
        raw: as the weights give it, neither logits nor scores centred.
        png: draw the table into this file too.
        store: folder of the ledger and of trained networks.
        json: print JSON although stdout is a terminal.
    """
    zoo = Zoo()
    one = find(id, known(store, zoo))
    network, task, chosen = network_of(one, store, zoo, seed)
    about = {"id": one.id, "seed": chosen, "table": table}
    as_json = json or not sys.stdout.isatty()
    if not all(np.isfinite(value).all() for value in network.weights.values()):
        print(
            f"readoff: this network diverged in training; its numbers are not finite ({one.id}, {chosen}).",
            file=sys.stderr,
        )
    if table == "order":
        if png is not None or head is not None:
            raise BadValue("an order is one line a head; leave out --png and --head, or read `scores`.")
        found = reading.orders(network, task, query)
        if as_json:
            output.print_json(about | {"heads": [order.to_json() for order in found]})
        else:
            print("\n".join(map(str, found)))
        return 0
    shown = reading.of_head(reading.table(network, task, table, query, raw), head)
    if png is not None and png.suffix.lower() != ".png":
        raise BadValue(f"--png {png}: a PNG picture is written; give a name that ends in .png.")
    if png is not None:
        from readoff.report.png import heatmap_png

        title = f"{table} of {one.id}" + ("" if chosen is None else f", seed {chosen}")
        _write(png, heatmap_png(reading.one_grid(shown), title))
    if as_json:
        output.print_json(about | shown.to_data())
    else:
        print(shown.render())
    return 0


def import_(
    file: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FILE.safetensors")],
    /,
    task: str | None = None,
    name: str | None = None,
    normalization: Annotated[Literal["none"] | None, tyro.conf.arg(help_behavior_hint="")] = None,
    store: Path = DEFAULT,
    json: bool = False,
    task_fields: tyro.conf.OmitArgPrefixes[TaskFlags] = TaskFlags(),  # type: ignore[valid-type] # noqa: B008
) -> int:
    """Take in weights of another tool: a safetensors file with TransformerLens names, or one that readoff wrote.

    Args:
        file: safetensors only; PyTorch's own files can run code when they are opened.
        task: what the network does (a shipped task or FILE.py), for labels and for checking.
        name: what to call it (default: the file's name).
        normalization: none says that the network has no LayerNorm, where no config in the file says so.
        store: folder that keeps it.
        json: print JSON although stdout is a terminal.
        task_fields: what the task is; --n-ctx without a task says how long inputs are, where the file does not.
    """
    fields = given(task_fields)
    if task is None and set(fields) - {"n_ctx"}:
        raise BadValue("fields of a task were given, and no task; add --task pairs, for instance.")
    about = None if task is None else find_task(task, fields)
    length = fields.get("n_ctx") if about is None else about.n_ctx
    model = _read_weights(file, length, normalization)
    _refuse_misfit(model, about, file)
    with Store(store):  # makes the folder, and refuses one of a newer version
        identifier = imported.add(store, model, name or file.stem, about)
    found = _imported_json(imported.load(store, identifier))
    if json or not sys.stdout.isatty():
        output.print_json(found)
    else:
        print(f"{identifier}: {found['parameters']:,} parameters; {found['origin']}.")
        print(f"`readoff read {identifier} evou` shows a table; in a claims file: {_in_python(identifier, store)}")
    return 0


def export(
    id: Id,
    /,
    out: Path | None = None,
    seed: int | None = None,
    format: Literal["transformer-lens", "safetensors"] = "transformer-lens",
    store: Path = DEFAULT,
) -> int:
    """Write one network's weights for another tool.

    Args:
        id: of trained, imported or shipped networks, or its beginning.
        out: the file to write (default: the id and the seed, with .safetensors).
        seed: which network (default: the first one).
        format: transformer-lens is a state dict with its config in the header; safetensors keeps all readoff knows.
        store: folder of the ledger and of trained networks.
    """
    from readoff.networks.files import save
    from readoff.networks.transformer_lens import save_transformer_lens

    zoo = Zoo()
    one = find(id, known(store, zoo))
    network, _, chosen = network_of(one, store, zoo, seed)
    path = out or Path(f"{one.id}{'' if chosen is None else f'-seed{chosen}'}.safetensors")
    if format == "safetensors":
        save(network, path)
    else:
        save_transformer_lens(network, path)
    print(f"{path}: {one.id}{'' if chosen is None else f', seed {chosen}'}, weights {network.hash[:16]}")
    return 0


def _read_weights(file: Path, n_ctx: int | None, normalization: Literal["none"] | None) -> Network | Ensemble:
    from readoff.networks.files import NotOurs, load
    from readoff.networks.transformer_lens import from_transformer_lens

    try:
        return load(file)
    except NotOurs:
        pass
    try:
        return from_transformer_lens(file, n_ctx=n_ctx, normalization=normalization)
    except (TypeError, ValueError) as error:  # settings of a kind that no config has
        raise Damaged(f"{file} has settings in its header that make no sense ({error}).") from None


def _refuse_misfit(model: Network | Ensemble, task: Task | None, file: Path) -> None:
    for name, value in model.weights.items():
        if not np.isfinite(value).all():
            raise BadValue(f"{name} in {file} holds numbers that are not finite; such a network has no answers.")
    a = model.architecture
    if task is not None and (a.d_vocab, a.d_vocab_out) != (task.d_vocab, task.d_vocab_out):
        raise BadValue(
            f"{file} has {a.d_vocab} input and {a.d_vocab_out} output tokens, the task {task.name} {task.d_vocab} and "
            f"{task.d_vocab_out}; give the task's fields (--n-signal, ...) or leave out --task."
        )
    if task is not None and (a.n_ctx < task.n_ctx or (a.positions and a.n_ctx != task.n_ctx)):
        raise BadValue(f"{file} takes inputs of {a.n_ctx} tokens; those of the task {task.name} have {task.n_ctx}.")


def _imported_json(one: imported.Imported) -> dict[str, Any]:
    model = one.model
    found = {
        "id": one.id,
        "source": "imported",
        "origin": model.origin,
        "networks": len(model) if isinstance(model, Ensemble) else 1,
        "parameters": model.architecture.n_parameters,
        "weights": model.hash,
    }
    architecture = json_module.loads(canonical_json(model.architecture))
    return found | {
        "architecture": architecture,
        "task": json_module.loads(canonical_json(one.task)) if one.task else None,
    }


def _run_json(one: Found) -> dict[str, Any]:
    recipe = None if one.recipe is None else json_module.loads(canonical_json(one.recipe))
    return {"id": one.id, "source": one.source, "networks": one.n_networks, "damaged": one.n_damaged, "recipe": recipe}


def _in_python(identifier: str, store: Path) -> str:
    return f"readoff.store.imported.load({str(store)!r}, {identifier!r}).model"


def _write(path: Path, data: bytes) -> None:
    try:
        replace_file(path, data)
    except OSError as error:
        raise BadValue(f"{path} could not be written: {error.strerror or error}.") from None

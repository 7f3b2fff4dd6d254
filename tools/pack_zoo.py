"""Fill the zoo: train (or take from a store) the networks of recipes or claims, and pack them into the package.

    python tools/pack_zoo.py --store .readoff --seeds 64 pairs/d-head-4 pairs/opposite-orders
    python tools/pack_zoo.py --store .readoff --seeds 64 --folder my_zoo pairs-1L2H5d-df5a842ba7

A word with a slash is a claim (its own recipes are packed, not those of its controls), any other the id of a recipe in
the store. Entries of the same recipes are replaced, all others stay.
"""

import argparse
import sys
from pathlib import Path

from readoff.claims.scope import confirmation_seeds
from readoff.claims.select import matching
from readoff.claims.subject import recipes_of
from readoff.claims.zoo import SHIPPED, pack
from readoff.cli.bar import Bar
from readoff.cli.find import find, known
from readoff.cli.listing import library_claims
from readoff.core.errors import BadValue, ReadoffError
from readoff.store import Store
from readoff.training.recipe import Recipe
from readoff.training.train import train


def recipes_for(words: list[str], store: Path) -> list[Recipe]:
    """The recipes that are meant, each once."""
    found: dict[str, Recipe] = {}
    for word in words:
        if "/" in word:
            found |= {r.id: r for claim in matching(word, library_claims()) for r in recipes_of(claim.about)}
            continue
        recipe = find(word, known(store)).recipe
        if recipe is None:
            raise BadValue(f"{word} has no recipe that can be shipped.")
        found[recipe.id] = recipe
    return list(found.values())


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("words", nargs="+", metavar="RECIPE|CLAIM")
    parser.add_argument("--store", type=Path, default=Path(".readoff"))
    parser.add_argument("--seeds", type=int, default=64)
    parser.add_argument("--folder", type=Path, default=SHIPPED)
    given = parser.parse_args()
    try:
        recipes = recipes_for(given.words, given.store)
        with Store(given.store) as store, Bar() as bar:
            runs = train(recipes, confirmation_seeds(given.seeds), store, bar)
        size = pack(runs, given.folder)
    except ReadoffError as error:
        print(f"pack_zoo: {error}", file=sys.stderr)
        return 2
    print(f"{len(recipes)} recipes with {given.seeds} networks each; {given.folder} has {size:,} bytes.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

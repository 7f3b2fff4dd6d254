"""Whole numbers whose sums say which numbers were added.

In a B_r set all sums of r members (repeats allowed) are distinct, so one number, the sum, identifies the multiset. For
r = 2 these are Sidon sets, or Golomb rulers:

>>> b_r_set(4), b_r_set(7)
((0, 1, 4, 6), (0, 1, 3, 7, 12, 20, 30))
>>> b_r_set(3, r=3)
(0, 1, 4)

Found greedily (Mian & Chowla 1944): take the next number that keeps all sums distinct. For n = 4, r = 2 the shorter
perfect ruler 0 1 4 6 is used instead.
"""

from itertools import combinations_with_replacement

from readoff.core.errors import BadValue


def b_r_set(n: int, r: int = 2) -> tuple[int, ...]:
    """The first n members of a B_r set, starting at 0 and increasing."""
    if n < 1 or r < 1:
        raise BadValue(f"a B_r set needs n >= 1 and r >= 1; got n = {n}, r = {r}.")
    if (n, r) == (4, 2):
        return (0, 1, 4, 6)
    members: list[int] = [0]
    sums = [{0} for _ in range(r + 1)]  # sums[j]: all sums of j members
    while len(members) < n:
        candidate = members[-1] + 1
        while (grown := _with(sums, candidate, r)) is None:
            candidate += 1
        members.append(candidate)
        sums = grown
    return tuple(members)


def is_b_r_set(members: tuple[int, ...], r: int = 2) -> bool:
    """True if all sums of r members are distinct (checked by listing them)."""
    sums = [sum(chosen) for chosen in combinations_with_replacement(members, r)]
    return len(set(sums)) == len(sums)


def _with(sums: list[set[int]], candidate: int, r: int) -> list[set[int]] | None:
    """Sums of j members once `candidate` may be used too; None if two sums of r members are then equal."""
    grown = [set(s) for s in sums]
    for j in range(1, r + 1):
        grown[j] |= {s + candidate for s in grown[j - 1]}
    whole: set[int] = set()
    for times in range(r + 1):
        part = {s + times * candidate for s in sums[r - times]}
        if whole & part:
            return None
        whole |= part
    return grown

"""Forecast histories as flat arrays: many streams of beliefs, each with its truth once that is known.

A *stream* is one forecaster's belief in one statement over time. Three reports on rain and two on snow, where it
rained and nobody knows yet about snow:

>>> h = histories([[0.3, 0.5, 0.9], [0.2, 0.1]], outcomes=[1, None], names=["rain", "snow"])
>>> h.n_streams, h.lengths().tolist(), h.belief[h.starts[1] : h.starts[2]].tolist()
(2, [3, 2], [0.2, 0.1])

`steps` turns reports into updates. The truth is one more belief, 0 or 1, so rain makes three updates and snow one:

>>> s = steps(h)
>>> s.now.tolist(), s.then.tolist()
([0.3, 0.5, 0.9, 0.2], [0.5, 0.9, 1.0, 0.1])

Streams that share fate belong to one *cluster*: the teams of a tournament, the states of an election, the answers
to one question. Whatever is said about chance below counts clusters, never rows.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from readoff.core.errors import BadValue


@dataclass(frozen=True, eq=False)
class Histories:
    """Streams one after the other, each in the order of time.

    belief: float64 [rows], in [0, 1]. time: float64 [rows], seconds since 1970 if `dated`, else plain numbers.
    starts: int64 [streams + 1]; stream s is rows starts[s] : starts[s + 1], at least one row. outcome: float64
    [streams]; 0, 1, a payoff between them, or nan while unresolved. cluster: int64 [streams], 0-based. names: one
    per stream. dated: whether `time` is calendar time.
    """

    belief: np.ndarray
    time: np.ndarray
    starts: np.ndarray
    outcome: np.ndarray
    cluster: np.ndarray
    names: Sequence[str]
    dated: bool = False

    def __post_init__(self) -> None:
        if not len(self.belief):
            raise BadValue("a history without a single belief: give at least one stream with at least one report")
        if not (self.starts[0] == 0 and self.starts[-1] == len(self.belief) and np.all(np.diff(self.starts) > 0)):
            raise BadValue("starts must go from 0 to the number of rows and rise: every stream needs a report")
        bad = np.flatnonzero(~((self.belief >= 0) & (self.belief <= 1)))
        if len(bad):
            row, stream = bad[0], np.searchsorted(self.starts, bad[0], side="right") - 1
            raise BadValue(
                f"belief {self.belief[row]} in stream {self.names[stream]!r} (report {row - self.starts[stream] + 1}) "
                f"and {len(bad) - 1} more are outside [0, 1]: give probabilities as fractions"
            )
        if np.any((self.outcome < 0) | (self.outcome > 1)):
            raise BadValue("outcomes are 0, 1, a payoff between them, or nan while unresolved")
        if not len(self.outcome) == len(self.cluster) == len(self.names) == len(self.starts) - 1:
            raise BadValue("outcome, cluster and names need one entry per stream")
        late = np.flatnonzero(np.diff(self.time) < 0)
        if np.any(~np.isin(late + 1, self.starts)):
            raise BadValue("the times of a stream must not go back: sort its reports by time")

    @property
    def n_streams(self) -> int:
        """Number of streams."""
        return len(self.starts) - 1

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return int(self.cluster.max()) + 1

    def lengths(self) -> np.ndarray:
        """Reports per stream, int64 [streams]."""
        return np.diff(self.starts)

    def stream_of_row(self) -> np.ndarray:
        """The stream each row belongs to, int64 [rows]."""
        return np.repeat(np.arange(self.n_streams), self.lengths())

    def resolved(self) -> np.ndarray:
        """Whether the truth is known, bool [streams]."""
        return ~np.isnan(self.outcome)


@dataclass(frozen=True, eq=False)
class Steps:
    """Updates, stream after stream: the belief before and after, and whether the later one is the truth itself.

    now, then: float64 [steps]; truth: bool [steps]; time: float64 [steps], the time of the later report (a truth is
    dated at the end of all histories: before that nobody could have known it). row: int64 [steps], the row of
    `now`. starts: int64 [streams + 1]; a stream may have no step at all (one report, unresolved).
    """

    now: np.ndarray
    then: np.ndarray
    truth: np.ndarray
    time: np.ndarray
    row: np.ndarray
    starts: np.ndarray

    @property
    def change(self) -> np.ndarray:
        """then - now."""
        return self.then - self.now

    def counts(self) -> np.ndarray:
        """Updates per stream, int64 [streams]."""
        return np.diff(self.starts)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Sum of a per-step array within each stream, float64 [streams] (0 for a stream without steps)."""
        return segment_sums(values, self.starts)

    def parts(self, size: int = 1 << 15) -> Iterator["Steps"]:
        """The same steps in runs of whole streams, about `size` steps each: small enough for a processor's cache."""
        cuts = np.searchsorted(self.starts, np.arange(0, len(self.now), size))
        for a, b in itertools.pairwise(np.unique(np.append(cuts, len(self.starts) - 1))):
            i, j = self.starts[a], self.starts[b]
            starts = self.starts[a : b + 1] - i
            yield Steps(self.now[i:j], self.then[i:j], self.truth[i:j], self.time[i:j], self.row[i:j], starts)

    def stream_of_step(self) -> np.ndarray:
        """The stream each step belongs to, int64 [steps]."""
        return np.repeat(np.arange(len(self.starts) - 1), self.counts())


def segment_sums(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Sums of values[starts[s] : starts[s+1]] for every s; empty segments give 0. `values` may have leading axes."""
    full = np.flatnonzero(np.diff(starts) > 0)
    sums = np.zeros((*values.shape[:-1], len(starts) - 1))
    if len(full):
        sums[..., full] = np.add.reduceat(values, starts[full], axis=-1)
    return sums


def steps(h: Histories) -> Steps:
    """All updates of all streams, the step to a known truth included."""
    lengths, resolved = h.lengths(), h.resolved()
    last = h.starts[1:] - 1
    has_step = np.ones(len(h.belief), dtype=bool)
    has_step[last[~resolved]] = False
    row = np.flatnonzero(has_step)
    then = np.empty(len(h.belief))
    then[:-1] = h.belief[1:]
    then[last] = h.outcome
    truth = np.zeros(len(h.belief), dtype=bool)
    truth[last] = True
    time = np.empty(len(h.belief))
    time[:-1] = h.time[1:]
    time[last] = h.time.max()
    starts = np.concatenate([[0], np.cumsum(lengths - 1 + resolved)])
    return Steps(h.belief[row], then[row], truth[row], time[row], row, starts)


def split_at(h: Histories, time: float) -> tuple[Histories, int]:
    """Cut every stream that has reports before and after a time into an unresolved part and the rest; how many were."""
    late = h.time >= time
    stream = h.stream_of_row()
    inside = np.concatenate([[False], late[1:] & ~late[:-1] & (stream[1:] == stream[:-1])])
    starts = np.unique(np.concatenate([h.starts, np.flatnonzero(inside)]))
    owner = stream[starts[:-1]]
    last = np.append(owner[1:] != owner[:-1], True)
    names = [str(h.names[k]) + ("" if end else " (before the cut)") for k, end in zip(owner, last)]
    outcome = np.where(last, h.outcome[owner], np.nan)
    return Histories(h.belief, h.time, starts, outcome, h.cluster[owner], names, h.dated), int(inside.sum())


def histories(
    streams: Sequence[Sequence[float]] | np.ndarray,
    outcomes: Sequence[float | None] | np.ndarray | None = None,
    groups: Sequence[object] | None = None,
    times: Sequence[Sequence[float]] | None = None,
    names: Sequence[str] | None = None,
) -> Histories:
    """Build histories from Python lists or an array [streams, dates].

    outcomes: one per stream, None or nan while unresolved. groups: any labels; streams with equal ones share fate
    (each stream is its own group when left out). times: one list of rising numbers per stream; 0, 1, 2, … when left
    out.
    """
    n = len(streams)
    lengths = np.array([len(s) for s in streams], dtype=np.int64)
    if n == 0 or np.any(lengths == 0):
        raise BadValue(f"{n} streams, {int(np.sum(lengths == 0))} of them empty: every stream needs a report")
    for what, given in (("outcomes", outcomes), ("groups", groups), ("times", times), ("names", names)):
        if given is not None and len(given) != n:
            raise BadValue(f"{n} streams and {len(given)} {what}: give one of the {what} per stream")
    clock = times if times is not None else [range(k) for k in lengths]
    if any(len(clock[s]) != k for s, k in enumerate(lengths)):
        raise BadValue("every stream needs as many times as reports")
    outcome = np.array([np.nan if o is None else float(o) for o in (outcomes if outcomes is not None else [None] * n)])
    codes: dict[object, int] = {}
    cluster = np.array([codes.setdefault(g, len(codes)) for g in (groups if groups is not None else range(n))])
    return Histories(
        np.concatenate([np.asarray(s, dtype=np.float64) for s in streams]),
        np.concatenate([np.asarray(t, dtype=np.float64) for t in clock]),
        np.concatenate([[0], np.cumsum(lengths)]),
        outcome,
        cluster,
        tuple(names) if names is not None else tuple(f"stream {s + 1}" for s in range(n)),
    )

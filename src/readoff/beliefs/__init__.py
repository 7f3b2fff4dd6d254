"""Beliefs: a history of probabilities must obey the law of total expectation.

Whoever says 60 % today must, on average, say 60 % tomorrow. So every sum of `w · (next - now)` with a weight `w`
that is known before the update has mean zero, whatever the updates look like. Two halves of this package use that
one fact:

- processes that obey it exactly, in rational numbers: `walks`, `trees`, `chains`, `doom`, and their limit `wiener`;
- the audit of real forecasts: `streams` (the data), `tables` (files), `audit` (the tests), `forecasters` (simulated
  people with known faults, which tell how often the audit is wrong and what it can see).

Modules are imported one by one (`from readoff.beliefs.walks import Walk`); importing this package does nothing.
"""

"""Beliefs under the law of total expectation: random walks, doom, and whether forecasts can be told rational."""

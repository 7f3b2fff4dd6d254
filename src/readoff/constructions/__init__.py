"""Hand-written networks: from wanted tables to weights, exactly.

builder      tables -> a Network of a given architecture, or the missing rank by name
pairs        the witnesses of the pair task
sidon        numbers whose sums say what was added
residual, rational   where things stand in the residual stream; linear algebra without rounding
"""

"""Reading weights: path tables, gauges, behaviour, attention orders, attribution, spectra.

paths        weights -> CountTables (any number of models), or one network's labelled EU EQKE EQKP EVOU PVOU
behaviour    logits, margins, accuracy, loss, attention on a whole domain
gauges       what changes no answer, and how to fix it before comparing
attention    orders, spread, Kendall's tau, heads named by what they do
attribution  one input, number by number
spectra      singular values, effective rank, cosine, copying score
effective    any one-layer network as an effective model
"""

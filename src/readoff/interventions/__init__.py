"""Changing networks: edits as values, heads mixed between seeds, bounded refits, low-rank truncation.

edits        AblateHead, RemoveEntries, TruncateEVOU, MixHeads, and `apply`
mixing       ensembles whose heads come from different seeds
refit        the best readout of the remaining heads under a norm bound
truncation   low-rank approximations, and the choice equal singular values leave open
"""

"""What samples license one to say.

binomial: k of n seeds, n declared; sequential: looking after every seed; paired: two arms on the same seeds;
best_of: the best of several runs; families: many claims at once. scipy is loaded where it is first needed.
"""

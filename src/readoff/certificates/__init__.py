"""Small trusted checkers about real numbers: exact rationals, balls, certificates as data.

    count_tables   a one-layer network without positions as exact tables
    balls          its margins, accuracy and loss, enclosed; ties decided by `ties`
    exact          the same for hand-built rational attention, in fractions
    float_bound    the same over large domains, in float64 with an error bound
    network        any small transformer at given sequences
    entropy, rank  entropies of rational distributions; rank and singular values of exact matrices
    rank1          a certificate about infinitely many networks, with its checker

Nothing here imports the rest of readoff, and errors are ValueErrors: a checker can be read, and reused, on its own.
"""

"""What one attention layer can compute: skip-trigrams, cancellation, parity, universality, and copy suppression."""

"""Superposition and the words next to it, as predicates with hand-built yes and no cases."""

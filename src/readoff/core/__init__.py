"""Labelled tables, weighted domains, edits, hashes, errors."""

"""Recipes, and the trainer that runs them on many seeds at once."""

from readoff.training.recipe import Recipe as Recipe

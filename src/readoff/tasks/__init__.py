"""What a network is asked to do: a labelled vocabulary and a finite, exactly weighted domain of inputs."""

from readoff.tasks.base import Task as Task
from readoff.tasks.grid import Grid as Grid
from readoff.tasks.grid import grid_task as grid_task
from readoff.tasks.pairs import Pairs as Pairs

"""What a network is asked to do: a labelled vocabulary and a finite, exactly weighted domain of inputs."""

from readoff.tasks.base import Task as Task
from readoff.tasks.boolean import Parity as Parity
from readoff.tasks.boolean import TruthTable as TruthTable
from readoff.tasks.boolean import Xor as Xor
from readoff.tasks.copy_suppression import CopySuppression as CopySuppression
from readoff.tasks.grid import Grid as Grid
from readoff.tasks.grid import grid_task as grid_task
from readoff.tasks.multiset import Multiset as Multiset
from readoff.tasks.pairs import Pairs as Pairs
from readoff.tasks.skip_trigrams import SkipTrigrams as SkipTrigrams

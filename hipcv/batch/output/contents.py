"""What the tables and the summary of a batch are made of."""

from collections import Counter
from dataclasses import dataclass, field

from hipcv.agreement.study import Study
from hipcv.batch.output.results import Row


@dataclass(slots=True)
class Contents:
    """Everything that the tables and the summary are made of, in the order of the list."""

    sides: list[Row] = field(default_factory=list)
    trials: list[Row] = field(default_factory=list)
    film_again: list[Row] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    studies: list[Study] = field(default_factory=list)
    pages: dict[int, str] = field(default_factory=dict)
    same: list[list[str]] = field(default_factory=list)

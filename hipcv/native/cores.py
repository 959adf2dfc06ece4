"""How many threads a library is given."""

import os


def count_threads(at_most: int) -> int:
    """Return how many threads to use: not more than there are cores, nor than OMP_NUM_THREADS says.

    A batch that fills the cores with processes sets that variable to 1 for each of them.

    Examples
    --------
    >>> count_threads(1), 1 <= count_threads(4) <= 4
    (1, True)
    """
    said = os.environ.get("OMP_NUM_THREADS", "")
    asked = int(said) if said.isdigit() and int(said) > 0 else at_most
    return max(1, min(at_most, asked, os.cpu_count() or 1))

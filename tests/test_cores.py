"""How many threads a library is given."""

import os

import pytest

from hipcv.native.cores import count_threads


def test_not_more_than_there_are_cores(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert count_threads(1) == 1
    assert 1 <= count_threads(10_000) <= (os.cpu_count() or 1)


@pytest.mark.parametrize(("said", "wanted"), [("1", 1), ("0", None), ("many", None), ("", None), ("9999", None)])
def test_what_the_environment_says_counts_if_it_is_a_number(monkeypatch, said, wanted):
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    assert count_threads(4) == (wanted or min(4, os.cpu_count() or 1))

"""Many recordings from a list, one table out: never lost, never doubled, on one machine or on many."""

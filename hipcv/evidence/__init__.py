"""What is known: reference ranges, agreement statistics, and how to film again. Pure numbers and words."""

"""Looking after what is there: a result measured once more, and what this hipcv rests on."""

"""The pose models' files: where they lie, how they are made, whether they are whole."""

"""Results out: JSON, CSV, the terminal, an HTML report, an annotated video."""

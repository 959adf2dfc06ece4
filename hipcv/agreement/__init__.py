"""Two raters or two instruments compared."""

"""Getting many clips measured, whatever happens."""

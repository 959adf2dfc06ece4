"""What a batch leaves behind: documents, tables, a summary."""

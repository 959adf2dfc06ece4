"""What spoils a recording, a leg or a trial, each with its limit."""

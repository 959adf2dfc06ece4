"""The native libraries kept in check: what they write, how many cores they take, whom they call."""

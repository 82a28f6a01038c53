"""The same work, done by each side: every module has the same functions, each of which prepares a callable."""

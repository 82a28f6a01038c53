"""The same work for each side: every module has the same functions, each of which returns a callable."""

"""The buffer on disk: a directory of append-only segments. Its format is specified in docs/spool-format.md."""

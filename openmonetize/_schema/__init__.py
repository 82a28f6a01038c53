"""The base classes of the generated models, their field types and their errors. Private."""

"""The contract, read into a model of its own: what is not understood is refused, never left out."""

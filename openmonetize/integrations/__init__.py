"""Adapters for the frameworks in which AI code runs. Each needs its framework, and is imported by its users only."""

"""Validation as the platform does it: the same issues, in the same order, in the same words."""

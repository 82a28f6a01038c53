"""Customers, their users, and what those are entitled to."""

"""Customers with their API keys, and customers' users."""

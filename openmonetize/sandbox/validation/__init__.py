"""What the platform's validators find in a request, in their order and their words."""

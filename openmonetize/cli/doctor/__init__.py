"""What ``openmonetize doctor`` looks at. Each finding that is not good says what to do."""

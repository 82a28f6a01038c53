"""From accepted to billed: events that the platform has lost are found, and sent again when that is safe."""

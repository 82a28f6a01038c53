"""The outbox in a PostgreSQL database, which a fleet shares."""

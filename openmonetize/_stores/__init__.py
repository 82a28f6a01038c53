"""Small documents that processes share, in SQLite, PostgreSQL or Redis: holds, and the pace of deliveries."""

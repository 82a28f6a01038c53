"""From an accepted event to a booking: ingestion, processing, wallet charges, ledger, roll-ups, rating."""

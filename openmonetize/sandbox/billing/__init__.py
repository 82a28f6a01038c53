"""Billing: an accepted event is priced, stored and charged to a wallet; and what may still be spent."""

"""Billing: events are priced, stored and charged to wallets; estimates and checks of what may still be spent."""

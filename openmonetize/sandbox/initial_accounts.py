"""The accounts that a sandbox starts with: the platform's development account, or none."""

from __future__ import annotations

import json
from typing import Any

from openmonetize.pricing import PriceBook
from openmonetize.pricing.rows import INPUT_TOKEN, OUTPUT_TOKEN
from openmonetize.sandbox.accounts.customers import (
    Customer,
    add_customer,
    customer_by_email,
    customer_by_key,
    set_key,
)
from openmonetize.sandbox.accounts.users import add_user
from openmonetize.sandbox.billing.ledger import add_credits, open_wallet
from openmonetize.sandbox.state import State, new_id

DEV_KEY = "om_dev_test_key"
DEV_EMAIL = "dev@acme-ai.example.com"
DEMO_CUSTOMER = "11111111-1111-1111-1111-111111111111"
DEMO_KEY = "om_live_demo123"
_KEY_OWNER_EMAIL = "sandbox@example.com"
_USER_METADATA = {"name": "John Developer", "role": "Engineer"}
_MODELS_WITHOUT_RULE = ("command-r-plus", "mistral-large")


def open_accounts(state: State, key: str | None, customer_id: str) -> str | None:
    """Make the accounts that the settings ask for, unless the database has them.

    Args:
        state: the sandbox.
        key: the key that is to work; None for the development account's.
        customer_id: of the account, if it is made.

    Returns:
        The key that works; None if there is no account, or if its key has been rotated: only the hash of the
        new one is stored.
    """
    development = state.settings.accounts == "dev"
    if not development and key is None:
        return None
    chosen = key or DEV_KEY
    with state.db.transaction():
        if customer_by_key(state, chosen) is not None:
            return chosen
        known = customer_by_email(state, DEV_EMAIL if development else _KEY_OWNER_EMAIL)
        if known is not None:  # a file from an earlier run, whose account has another key
            if key is None:
                return None
            set_key(state, known, key)
        elif development:
            _add_development_account(state, chosen, customer_id)
        else:
            add_customer(state, "Sandbox", _KEY_OWNER_EMAIL, "ENTERPRISE", chosen, customer_id)
    return chosen


def _add_development_account(state: State, key: str, customer_id: str) -> None:
    """Add customer, wallet, user, entitlements and burn table as the platform's database seed does."""
    acme = add_customer(state, "Acme AI Corp", DEV_EMAIL, "GROWTH", key, customer_id)
    wallet = open_wallet(state, acme.pk)
    add_credits(state, wallet, "GRANT", 10_000, "Credit grant: 10000 credits", {})
    add_user(state, acme.pk, new_id(), "user_001", "john@acme-ai.example.com", _USER_METADATA)
    _add_entitlement(state, acme, "ai-text-generation", "SOFT", 1_000_000)
    _add_entitlement(state, acme, "ai-image-generation", "HARD", 100)
    _add_default_burn_table(state)
    if state.seed_era:
        add_customer(state, "Demo", "demo@openmonetize.example.com", "STARTER", DEMO_KEY, DEMO_CUSTOMER)


def _add_entitlement(state: State, customer: Customer, feature: str, limit_type: str, limit: int) -> None:
    state.db.execute(
        "INSERT INTO entitlements (id, customer, feature_id, limit_type, limit_value, period)"
        " VALUES (?, ?, ?, ?, ?, 'MONTHLY')",
        (new_id(), customer.pk, feature, limit_type, limit),
    )


def _add_default_burn_table(state: State) -> None:
    now = state.clock.now()
    rules = json.dumps(_default_rules(state.settings.book))
    state.db.execute(
        "INSERT INTO burn_tables (id, customer, name, version, rules, is_active, valid_from, created_at, updated_at)"
        " VALUES (?, NULL, 'Default Pricing - Late 2025', 1, ?, 1, ?, ?, ?)",
        (new_id(), rules, now, now, now),
    )


def _default_rules(book: PriceBook) -> dict[str, Any]:
    """Return the rules of the platform's database seed.

    They are US dollars for a million tokens, used as credits for a million: estimates by them are a thousand times too
    low.
    """
    rules: dict[str, Any] = {}
    for provider, model in book.models():
        price_in = book.find(provider, model, INPUT_TOKEN)
        price_out = book.find(provider, model, OUTPUT_TOKEN)
        if price_in is None or price_out is None or model in _MODELS_WITHOUT_RULE:
            continue
        rules[model] = {
            "input_tokens": float(price_in.usd),
            "output_tokens": float(price_out.usd),
            "per_unit": 1_000_000,
        }
    rules["image-generation"] = {"flat_rate": 50, "per_unit": 1}
    return rules

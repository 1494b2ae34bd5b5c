"""Why this exists: who owns what in RuneFrameOS, so that the security suite knows what one must not see of another."""

from harness.data.ownership import Ownership

_USERS = "distilera.users"

OWNERSHIP = Ownership(
    people=_USERS,
    owned={
        "distilera.simulations": {"user_id": _USERS},
        "distilera.coordinations": {"user_id": _USERS},
        "distilera.agents": {"coordination_id": "distilera.coordinations"},
        "distilera.collaborations": {"leader": _USERS},
        "distilera.contributions": {"user_id": _USERS, "collaboration_id": "distilera.collaborations"},
        "distilera.sensitive_records": {"owner": _USERS},
        "distilera.sensitive_fields": {"record_id": "distilera.sensitive_records"},
        "hoardwell.messages": {"sender_id": _USERS, "user_id": _USERS},
        "hoardwell.deliveries": {"user_id": _USERS},
        "mercatrix.accounts": {"id": _USERS},
        "mercatrix.balances": {"account_id": "mercatrix.accounts"},
        "mercatrix.transactions": {"from_user": _USERS, "to_user": _USERS},
        "mercatrix.postings": {"account_id": "mercatrix.accounts"},
        "mercatrix.listings": {"seller": _USERS},
        "distilera.marketplace_items": {"seller": _USERS},
    },
    ownerless={
        f"{service}.{table}": "the service's own"
        for service in ("distilera", "hoardwell", "mercatrix", "jonar")
        for table in ("schema_migrations", "outbox", "consumed_events", "dead_letters")
    }
    | {
        f"jonar.{table}": "the platform's, for admins"
        for table in ("deployments", "component_events", "scaling_events", "alerts")
    },
    condition="role = 'user' AND is_active",
)

SEEDED = (
    _USERS,
    "distilera.simulations",
    "hoardwell.messages",
    "hoardwell.deliveries",
    "mercatrix.accounts",
    "mercatrix.balances",
    "mercatrix.transactions",
    "mercatrix.postings",
    "mercatrix.listings",
    "distilera.marketplace_items",
)
"""The kinds of which the seed set holds some."""

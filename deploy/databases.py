"""A database per service with two roles: an owner that migrates it, and a login that may do only what it is granted.

Made from a superuser's connection, as often as wanted. Tables and their grants are the migrations' work.
"""

from collections.abc import Mapping

import asyncpg

SERVICES = ("receiving", "serials", "lots", "fulfillment")
ROLES = tuple(f"{service}_{kind}" for service in SERVICES for kind in ("owner", "app"))


def urls(host: str, port: int, passwords: Mapping[str, str]) -> dict[str, str]:
    """Give the environment variables that tell each service its login's and its owner's address."""

    def url(role: str, service: str) -> str:
        return f"postgresql://{role}:{passwords[role]}@{host}:{port}/{service}"

    logins = {f"{service.upper()}_DATABASE_URL": url(f"{service}_app", service) for service in SERVICES}
    owners = {f"{service.upper()}_OWNER_URL": url(f"{service}_owner", service) for service in SERVICES}
    return logins | owners


async def create(superuser_url: str, passwords: Mapping[str, str]) -> None:
    """Create or correct every service's roles and database."""
    server = await asyncpg.connect(superuser_url)
    try:
        for role in ROLES:
            await _create_role(server, role, passwords[role])
        for service in SERVICES:
            if not await server.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", service):
                await server.execute(f"CREATE DATABASE {service} OWNER {service}_owner")
            await server.execute(f"""
                REVOKE ALL ON DATABASE {service} FROM PUBLIC;
                GRANT CONNECT ON DATABASE {service} TO {service}_app;
            """)
    finally:
        await server.close()
    for service in SERVICES:
        await _own_schema(superuser_url, service)


async def _create_role(server: asyncpg.Connection, role: str, password: str) -> None:
    if not await server.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
        await server.execute(f"CREATE ROLE {role}")
    quoted = await server.fetchval("SELECT quote_literal($1::text)", password)
    await server.execute(f"""
        ALTER ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {quoted};
        -- a frozen process must not hold row locks for ever
        ALTER ROLE {role} SET idle_in_transaction_session_timeout = '5s';
    """)


async def _own_schema(superuser_url: str, service: str) -> None:
    database = await asyncpg.connect(superuser_url, database=service)
    try:
        await database.execute(f"""
            ALTER SCHEMA public OWNER TO {service}_owner;
            REVOKE ALL ON SCHEMA public FROM PUBLIC;
            GRANT USAGE ON SCHEMA public TO {service}_app;
        """)
    finally:
        await database.close()

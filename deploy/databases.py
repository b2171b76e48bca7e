"""Creates one database per service with two roles: an owner for migrations and a login role with granted rights only.

Idempotent; requires a superuser connection. Migrations create the tables and grants.
"""

from collections.abc import Mapping

import asyncpg

SERVICES = ("receiving", "serials", "lots", "fulfillment")
ROLES = tuple(f"{service}_{kind}" for service in SERVICES for kind in ("owner", "app"))


def urls(host: str, port: int, passwords: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables with the database URLs of each service: login role and owner."""

    def url(role: str, service: str) -> str:
        return f"postgresql://{role}:{passwords[role]}@{host}:{port}/{service}"

    logins = {f"{service.upper()}_DATABASE_URL": url(f"{service}_app", service) for service in SERVICES}
    owners = {f"{service.upper()}_MIGRATION_DATABASE_URL": url(f"{service}_owner", service) for service in SERVICES}
    return logins | owners


async def create(superuser_url: str, passwords: Mapping[str, str]) -> None:
    """Create or update the roles and the database of each service."""
    connection = await asyncpg.connect(superuser_url)
    try:
        for role in ROLES:
            await _create_role(connection, role, passwords[role])
        for service in SERVICES:
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", service):
                await connection.execute(f"CREATE DATABASE {service} OWNER {service}_owner")
            await connection.execute(f"""
                REVOKE ALL ON DATABASE {service} FROM PUBLIC;
                GRANT CONNECT ON DATABASE {service} TO {service}_app;
            """)
    finally:
        await connection.close()
    for service in SERVICES:
        await _grant_schema(superuser_url, service)


async def _create_role(connection: asyncpg.Connection, role: str, password: str) -> None:
    if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
        await connection.execute(f"CREATE ROLE {role}")
    quoted = await connection.fetchval("SELECT quote_literal($1::text)", password)
    await connection.execute(f"""
        ALTER ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {quoted};
        -- a frozen process must not keep row locks
        ALTER ROLE {role} SET idle_in_transaction_session_timeout = '5s';
    """)


async def _grant_schema(superuser_url: str, service: str) -> None:
    connection = await asyncpg.connect(superuser_url, database=service)
    try:
        await connection.execute(f"""
            ALTER SCHEMA public OWNER TO {service}_owner;
            REVOKE ALL ON SCHEMA public FROM PUBLIC;
            GRANT USAGE ON SCHEMA public TO {service}_app;
        """)
    finally:
        await connection.close()

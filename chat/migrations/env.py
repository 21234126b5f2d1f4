"""Alembic's entry: migrate the app's database, one transaction for all steps."""

from __future__ import annotations

from alembic import context
from flask import current_app

from chat import models  # noqa: F401  # the models register themselves
from chat.database import POSTGRES_LIMITS

database = current_app.extensions["migrate"].db
engine = database.engine


def run() -> None:
    """Bring the database to the wanted revision."""
    if context.is_offline_mode():
        context.configure(url=engine.url, target_metadata=database.metadata, literal_binds=True)
        with context.begin_transaction():
            context.run_migrations()
        return
    with engine.connect().execution_options(chat_writing=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            # A migration may take its time, and of several servers that start at once one migrates while the others wait.
            for limit in POSTGRES_LIMITS:
                connection.exec_driver_sql(f"SET LOCAL {limit} = 0")
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('parley migrations'))")
        context.configure(connection, target_metadata=database.metadata, render_as_batch=True, compare_type=True)
        with context.begin_transaction():
            context.run_migrations()


run()

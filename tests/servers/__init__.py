"""Real PostgreSQL and Redis servers for the tests, from wheels where the machine has none of its own."""

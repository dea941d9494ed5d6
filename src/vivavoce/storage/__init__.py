"""PostgreSQL tables and queries, migrations, the embedded server, recordings in an object store."""

"""The store: SQLite tables, the consistency protocol over them, and what opens, upgrades and restores them."""

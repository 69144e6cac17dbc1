"""What we remember. Synchronous on purpose: no `await` can stand inside a transaction."""

"""One keyword-only, atomic function per use case; its ledger entry stands in the same transaction."""

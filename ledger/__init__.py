"""The append-only record of what people did. Imports nothing of ours; holds no personal data."""

"""What a person runs: dev, test, lock and more. Each explains itself with --help."""

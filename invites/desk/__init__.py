"""The desk of trust & safety at /admin/audit/: what needs a person, every story, and the acts."""

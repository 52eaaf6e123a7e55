"""The members' pages: each reads the request, calls one action, and answers."""

"""From chosen people to delivered invitations. Read consent.py first."""

"""People whom the member types by hand: a source without a provider, a token, or pages."""

NAME = "typed"
BOOK = "typed by hand"

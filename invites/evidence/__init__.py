"""What proves one invitation to somebody who does not trust the site: a file that checks itself."""

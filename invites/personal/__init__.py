"""All that is held about one person: shown and erased by `manage.py personal_data`."""

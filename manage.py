#!/usr/bin/env python3
"""Django's command line, with the settings of config/."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from config.starting import read_settings

    read_settings()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)

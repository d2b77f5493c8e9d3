#!/usr/bin/env python
"""Django's command line for Storyteller."""

import asyncio
import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "storyteller.settings")
    if sys.platform != "win32":
        import uvloop

        # Before Django loads its apps, for Daphne makes its event loop as it is loaded.
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)

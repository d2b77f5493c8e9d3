"""Measurements and preparations within Django; each module prints JSON."""

import django

django.setup()

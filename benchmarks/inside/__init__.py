"""What has to be measured or prepared within Django; each module prints JSON."""

import django

django.setup()

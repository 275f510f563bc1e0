"""WSGI entry point: what granian, or any other WSGI server, serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

from newsletter.lib.checks import refuse_to_start  # noqa: E402 - needs the app registry
from newsletter.lib.warming import warm_up  # noqa: E402

refuse_to_start()
warm_up()

"""A worker of long jobs: `celery -A app.worker worker`, with the REDIS_URL and EXPORT_DIR of the servers."""

import os
import sys

from dash import CeleryManager, callback

from app import home
from app.jobs import celery_app

if not os.environ.get("REDIS_URL"):
    sys.exit("app.worker: REDIS_URL is not set; give that of the servers, for example redis://127.0.0.1:6379/0")
app = celery_app(os.environ["REDIS_URL"])
home.register_job(callback, CeleryManager(app))

"""`app`: the explorer for any ASGI server, for example `uvicorn app.asgi:app`. Settings come from the environment.

ATLAS      atlas files, joined by the system's path separator (`:`); default: the atlas that comes with the program
CACHE_DIR  where decoded volumes are kept; workers on one machine should share it
"""

import os
from pathlib import Path

from app.__main__ import make_explorer, open_atlases
from app.cache import default_cache_dir

_paths = [Path(path) for path in os.environ.get("ATLAS", "").split(os.pathsep) if path]
app = make_explorer(open_atlases(_paths), Path(os.environ.get("CACHE_DIR") or default_cache_dir()))

"""Names of the page's components: what callbacks, style sheet, scripts and browser tests call them by."""

# Data, unseen. STATE is the page's one state; EVENT carries what the scripts saw (a click on a map, a key) to the server.
URL = "url"
STATE = "state"
EVENT = "event"
FACTS = "facts"  # what the scripts need to know of the atlas; does not change while the page is open
WEBGL = "webgl"

# Header
TITLE = "title"
SIMULATED = "simulated"
ATLAS = "atlas"
NOTICE = "notice"

# Maps
COLOUR = "colour"
LEGEND = "legend"
MAPS = {"z_r": "map-z_r", "z_s": "map-z_s"}
CARD = "card"  # the cell that is pointed at

# Cell-cycle player
PLAYER = "player"
PLAY = "play"
WALK = "walk"
SPEED = "speed"
LOOP = "loop"

# Viewer
PREVIOUS = "previous"
NEXT = "next"
SHOW = "show"
STRUCTURE = "structure"
VIEW = "view"
VIEWER = "viewer"
CHANNELS = "channels"
OVERLAYS = "overlays"
ALL_STRUCTURES = "all-structures"
DOWNLOAD = "download"
CAPTION = "caption"
NOTE = "note"
SENTENCE = "sentence"

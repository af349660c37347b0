"""Names of the page's components: what callbacks, style sheet, scripts and browser tests call them by."""

# Data, unseen. STATE is the page's one state; EVENT carries what the scripts saw (a click on a map, a key) to the server.
URL = "url"
STATE = "state"
EVENT = "event"
FACTS = "facts"  # what the scripts need to know of the atlas; does not change while the page is open
WEBGL = "webgl"

# Header
UNDO = "undo"
REDO = "redo"
THEME = "theme"  # Mantine's provider
THEME_SWITCH = "theme-switch"
SHOW_KEYS = "show-keys"
KEYS = "keys"  # the sheet
TITLE = "title"
SIMULATED = "simulated"
ATLAS = "atlas"
ATLAS_PAGE = "atlas-page"
MODEL_PAGE = "model-page"
NOTICE = "notice"  # what was wrong with the link
TROUBLE = "trouble"  # what is wrong with the server

# Maps
COLOUR = "colour"
LEGEND = "legend"
MAPS = {"z_r": "map-z_r", "z_s": "map-z_s"}
CARD = "card"  # the cell that is pointed at

OWN_OPEN = "own-open"  # a cell of one's own
OWN = "own"  # the dialog

SHADE = "shade"  # where no cell supports an answer

# Knowing: a bar below the maps, and what it opens
SELECTION = "selection"  # {"atlas", "bits"}: which cells, as app/selection.py reads it
PANEL = "panel"  # which of the panels is open, or nothing
SELECTED = "selected"
MEAN = "mean"
MEDOID = "medoid"
SIDE_BY_SIDE = "side-by-side"
CLEAR = "clear"
TABLE = "table"
ABOUT = "about"
VARIATION = "variation"
VARIATION_OF = "variation-of"  # which structure
EXTREMES = "extremes"
LAZY = {"grid": "grid", "own-measured": "own-measured"}  # made when their panel is first opened

# Cell-cycle player
PLAYER = "player"
PLAY = "play"
WALK = "walk"
SPEED = "speed"
LOOP = "loop"
WALK_ROW = "walk-row"  # stops, or which dimension
WALK_ROOM = "walk-room"  # ways, the nearest cell, curves
WALK_DETAILS = "walk-details"  # opens it
DIAL = "dial"  # of z_s

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

# Taking it home: a drawer
HOME_OPEN = "home-open"
HOME = "home"
HOME_PNG = "home-png"
HOME_ZARR = "home-zarr"
HOME_SCRIPT = "home-script"
HOME_SAID = "home-said"
HOME_YOURS = "home-yours"  # why there is no file of an image of one's own
HOME_STOP = "home-stop"
HOME_WHICH = "home-which"
HOME_GROUP = "home-group"
HOME_IDS = "home-ids"
HOME_GROUP_STRUCTURE = "home-structure"
HOME_GROUP_STAGE = "home-stage"
HOME_COUNT = "home-count"
HOME_TABLE = "home-table"
HOME_SAVED = "home-saved"
HOME_BULK_SHOW = "home-show"
HOME_BULK_STRUCTURES = "home-structures"
HOME_BULK_FORMAT = "home-format"
HOME_MAKE = "home-make"
HOME_CANCEL = "home-cancel"
HOME_ORDER = "home-order"
HOME_PROGRESS = "home-progress"
HOME_BAR = "home-bar"
HOME_TOLD = "home-told"
HOME_RESULT = "home-result"
# Links to this volume as a file, beside DOWNLOAD, and buttons for its walk; by extension
HOME_FILES = {".imagej.tif": "home-file-imagej-tif", ".nii.gz": "home-file-nii-gz", ".bin": "home-file-bin"}
HOME_FILMS = {
    ".mp4": "home-film-mp4",
    ".gif": "home-film-gif",
    ".png.zip": "home-film-png-zip",
    ".ome.tif": "home-film-ome-tif",
}

"""A view as a Python script that makes the same voxels again, without a server. Pure: text in, text out."""

import re
import textwrap
from string import Template

from app.provenance import Provenance

_SCRIPT = Template("""\
$about
#
# Makes these voxels again and writes them as an OME-TIFF. Run it in the explorer's folder, with what requirements.txt lists:
#
#     python $name.py [atlas.h5 [out.ome.tif]]

import hashlib
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path.cwd()))

from app.cache import VolumeCache
from app.export import ome_tiff
from app.flights import Flights
from app.provenance import provenance
from app.recipe import parse
from app.volumes import VolumeService
from model.atlas import Atlas

RECIPE = $recipe
VOXELS_SHA256 = "$sha256"

atlas_path, out = [*sys.argv[1:], *[$atlas, "$name.ome.tif"][len(sys.argv) - 1 :]]
atlas, recipe = Atlas(atlas_path), parse(RECIPE)
if atlas.atlas_id != recipe.atlas:
    sys.exit(f"{atlas_path} is atlas {atlas.atlas_id}; give the one the recipe is for, {recipe.atlas}")

with tempfile.TemporaryDirectory() as kept:
    service = VolumeService(atlas, None, VolumeCache(kept), Flights("decode"))
    volume = service.volume(recipe)  # (C, Z, Y, X) uint8: $channels
Path(out).write_bytes(ome_tiff(volume, provenance(service, recipe)))

same = hashlib.sha256(volume.tobytes()).hexdigest() == VOXELS_SHA256
print(f"{out}: {'the same voxels' if same else 'other voxels than were shown: another kind of processor rounds otherwise'}")
""")


def python_script(provenance: Provenance, name: str, atlas_path: str, sha256: str) -> str:
    """The script for one volume.

    Parameters
    ----------
    provenance : of the volume.
    name : of the script and of the file it writes, without extension: letters, digits and `_.-`.
    atlas_path : where the script looks for the atlas, unless it is told.
    sha256 : of the volume's bytes, C-order (C, Z, Y, X), so that the script can say whether it made the same.
    """
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", name), name
    about = f"{provenance.origin}. {provenance.words} Atlas: {provenance.atlas.title}."
    return _SCRIPT.substitute(
        about=comment(about),
        name=name,
        recipe=ascii(provenance.recipe),
        atlas=ascii(atlas_path),
        sha256=sha256,
        channels=comment(", ".join(provenance.channels))[2:].replace("\n# ", " "),
    )


def comment(text: str) -> str:
    """The text as lines of a Python comment, at most 120 characters each; what cannot be printed becomes a space."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return textwrap.fill(printable, 120, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)

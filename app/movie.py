"""A walk as a film: its frames as pictures, and those as MP4, GIF or PNGs; its volumes as one OME-TIFF time series.

A frame looks as the page does: xy, under it xz, beside that yz, in one scale; where the page has 3D it says what is seen.

::

    xy  words       x to the right and y down, z up; in yz y to the right
    xz  yz
"""

import io
import tempfile
import textwrap
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path as File
from typing import NamedTuple

import imageio_ffmpeg
import numpy as np
import tifffile
from numpy import ndarray
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from app.colours import colours
from app.export import ome_metadata
from app.provenance import Provenance
from app.recipe import Path, Recipe, RecipeError

MAX_FRAMES = 600
MAX_SERIES_BYTES = 2**30  # of a time series: it is put together on the server
WIDTH = 512  # pixels of the xy plane, or the next that is a whole number of pixels a voxel
GAP, MARGIN = 10, 12
INK, SOFT, ACCENT, LINE = (233, 236, 242), (164, 172, 186), (163, 179, 255), (74, 82, 98)


class FrameWords(NamedTuple):
    """What is written beside a frame, besides where it comes from."""

    place: str  # where on the walk
    channels: Sequence[str]  # one a channel, in their order
    along: float  # from 0 at the first stop to 1 at the last
    n_stops: int


def frames_of(recipe: Recipe, n: int) -> list[Recipe]:
    """`n` recipes evenly along a settled recipe's walk, both ends included; where on it the recipe itself is does not matter.

    Raises
    ------
    RecipeError
        where the shape is no walk, or the value not an image.
    """
    if not isinstance(recipe.shape, Path):
        raise RecipeError("shape", "a film needs a walk; give shape=path:KIND:STOP,STOP,...@0")
    if recipe.value is not None:
        raise RecipeError("value", "a film shows images; leave value out")
    last = len(recipe.shape.stops) - 1
    return [replace(recipe, shape=replace(recipe.shape, t=round(float(t), 4))) for t in np.linspace(0, last, n)]


def compose(planes: ndarray) -> ndarray:
    """(C, H, W) uint8 -> (H, W, 3) uint8: each channel in its colour, added as light adds up."""
    light = np.array(colours(len(planes))) / 255
    return np.rint(np.clip(np.einsum("chw,cr->hwr", planes.astype(np.float64), light), 0, 255)).astype(np.uint8)


def frame(planes: Sequence[ndarray], about: Provenance, words: FrameWords) -> Image.Image:
    """One picture of a film.

    Parameters
    ----------
    planes : (C, Y, X), (C, Z, X), (C, Z, Y), as `VolumeService.asked_planes` gives them.
    about : what the volume is: said in the pixels, with a scale bar.
    words : what is written beside it.
    """
    (ny, nx), nz = planes[0].shape[1:], planes[1].shape[1]
    scale = max(1, -(-WIDTH // nx))
    pictures = {(0, 0): planes[0], (0, 1): planes[1][:, ::-1], (1, 1): planes[2][:, ::-1]}
    lefts, tops = (MARGIN, MARGIN + nx * scale + GAP), (MARGIN, MARGIN + ny * scale + GAP)
    size = (lefts[1] + ny * scale + MARGIN, tops[1] + nz * scale + MARGIN)
    picture = Image.new("RGB", tuple(n + n % 2 for n in size))  # films need even numbers
    for (column, row), plane in pictures.items():
        tile = Image.fromarray(compose(plane))
        magnified = tile.resize((tile.width * scale, tile.height * scale), Image.Resampling.BILINEAR)
        picture.paste(magnified, (lefts[column], tops[row]))
    draw = ImageDraw.Draw(picture)
    _scale_bar(draw, (lefts[0] + 12, tops[1] - GAP - 14), about.voxel_um / scale, nx * scale)
    _words(draw, (lefts[1] + 14, tops[0] + 10, size[0] - MARGIN - 14, tops[1] - GAP - 10), about, words)
    return picture


def bar_length(longest: float) -> float:
    """A length in um for a scale bar: 1, 2 or 5 times a power of ten, and no longer than `longest` um."""
    power = 10 ** np.floor(np.log10(longest))
    return float(next(step * power for step in (5, 2, 1) if step * power <= longest))


def _scale_bar(draw: ImageDraw.ImageDraw, at: tuple[int, int], um_per_pixel: float, width: int) -> None:
    um = bar_length(width * um_per_pixel / 4)
    (left, bottom), length = at, round(um / um_per_pixel)
    draw.rectangle((left, bottom - 2, left + length - 1, bottom), fill="white")
    draw.text((left + length / 2, bottom - 6), f"{um:g} um", font=_font(15), fill="white", anchor="ms")


def _words(draw: ImageDraw.ImageDraw, box: tuple[int, ...], about: Provenance, words: FrameWords) -> None:
    """What is seen, from the top down; a line with the stops at the bottom."""
    left, top, right, bottom = box
    generated, _, how = about.origin.partition(" ")
    draw.text((left, top), generated, font=_font(22), fill=ACCENT)
    draw.text((left, top + 28), f"{about.kind.lower()}, {how}".rstrip(", "), font=_font(15), fill=SOFT)
    y = top + 64
    for line in _wrapped(words.place, right - left, 18):
        draw.text((left, y), line, font=_font(18), fill=INK)
        y += 25
    y += 12
    for channel, name in enumerate(words.channels):
        if y > bottom - 100:  # a line for each is no longer possible
            draw.text((left, y), f"and {len(words.channels) - channel} more", font=_font(15), fill=SOFT)
            break
        draw.ellipse((left, y + 4, left + 10, y + 14), fill=colours(len(words.channels))[channel])
        draw.text((left + 18, y), _wrapped(name, right - left - 18, 15)[0], font=_font(15), fill=SOFT)
        y += 22
    source = (f"Nearest cell: {about.nearest_cell.cell_id}", about.atlas.title)
    for k, line in enumerate(source):
        draw.text((left, bottom - 68 + 18 * k), _wrapped(line, right - left, 13)[0], font=_font(13), fill=SOFT)
    y, length = bottom - 12, right - left - 8
    draw.line((left + 4, y, right - 4, y), fill=LINE, width=2)
    for k in range(words.n_stops):
        x = left + 4 + length * k / (words.n_stops - 1)
        draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=LINE)
    x = left + 4 + length * words.along
    draw.ellipse((x - 6, y - 6, x + 6, y + 6), fill=ACCENT)


def _wrapped(text: str, width: int, size: int) -> list[str]:
    """Lines that fit into `width` pixels, as they are on average."""
    return textwrap.wrap(text, max(8, int(width / (0.52 * size))))


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)  # comes with Pillow; it has no µ


def mp4(frames: Sequence[Image.Image], fps: int, comment: str) -> bytes:
    """H.264 in MP4, as every browser and slide program plays it; `comment` stands in the file."""
    with tempfile.TemporaryDirectory() as folder:
        path = File(folder) / "walk.mp4"
        writer = imageio_ffmpeg.write_frames(
            str(path),
            frames[0].size,
            fps=fps,
            codec="libx264",
            pix_fmt_out="yuv420p",
            macro_block_size=2,
            ffmpeg_log_level="error",
            output_params=["-crf", "16", "-movflags", "+faststart", "-metadata", f"comment={comment}"],
        )
        writer.send(None)
        for picture in frames:
            writer.send(picture.tobytes())
        writer.close()
        return path.read_bytes()


def gif(frames: Sequence[Image.Image], fps: int, comment: str) -> bytes:
    """An animated GIF that goes on for ever; all frames share the 256 colours of one palette, so that nothing flickers."""
    few = frames[:: max(1, len(frames) // 8)]
    sheet = Image.new("RGB", (few[0].width, few[0].height * len(few)))
    for k, picture in enumerate(few):
        sheet.paste(picture, (0, k * picture.height))
    palette = sheet.quantize(256, Image.Quantize.MEDIANCUT)
    indexed = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in frames]
    file = io.BytesIO()
    options = {"duration": round(100 / fps) * 10, "loop": 0, "comment": comment.encode()[:255]}  # a block of a GIF's comment
    indexed[0].save(file, "GIF", save_all=True, append_images=indexed[1:], **options)
    return file.getvalue()


def png_zip(frames: Sequence[Image.Image], recipes: Sequence[Recipe], comment: str) -> bytes:
    """A zip of one PNG a frame, numbered from 0000; each holds its recipe."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for k, (picture, recipe) in enumerate(zip(frames, recipes, strict=True)):
            text = PngImagePlugin.PngInfo()
            text.add_itxt("Description", comment)
            text.add_text("Recipe", str(recipe))
            png = io.BytesIO()
            picture.save(png, "PNG", pnginfo=text)
            archive.writestr(zipfile.ZipInfo(f"frame_{k:04d}.png", (1980, 1, 1, 0, 0, 0)), png.getvalue())
    return file.getvalue()


def time_series(volumes: Iterable[ndarray], recipes: Sequence[Recipe], about: Provenance) -> bytes:
    """(C, Z, Y, X) uint8 volumes, one after the other, as an OME-TIFF with axes TCZYX; `about` is the first one's.

    T is the place on the walk, which is no time; the places stand in the annotation.
    """
    own = about.model_copy(update={"etag": f"{about.etag} {len(recipes)} frames"})  # a file of its own
    metadata = ome_metadata(own) | {"axes": "TCZYX", "Name": f"walk of {len(recipes)} frames, {', '.join(about.channels[2:])}"}
    metadata["MapAnnotation"] |= {"t": ",".join(f"{recipe.shape.t:g}" for recipe in recipes)}
    planes = (plane for volume in volumes for plane in volume.reshape(-1, *volume.shape[2:]))
    file = io.BytesIO()
    with tifffile.TiffWriter(file, ome=True) as tiff:
        shape = (len(recipes), *about.shape)
        tiff.write(planes, shape=shape, dtype=np.uint8, photometric="minisblack", compression="zlib", metadata=metadata)
    return file.getvalue()

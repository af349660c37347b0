"""The maps and their legend, for few cells or very many."""

from dash import html
from plotly.graph_objects import Figure

from app import colouring, crowd
from app.figures import frame_figure, groups, map_figure
from app.layout import legend
from app.tones import tones
from model.atlas import Atlas

NAMES = ("z_r", "z_s")


def drawn(atlas: Atlas, colour: str, webgl: bool, theme: str) -> tuple[Figure, Figure, list[html.Button | html.Span]]:
    """Both maps in a colouring on a dark or a light page, and the switches of its groups."""
    scale = colouring.scale(atlas, colour) if colouring.is_scale(atlas, colour) else None
    found = groups(atlas, colour, theme)
    if crowd.is_many(atlas):  # too many for stars
        how = {"colour": colour, **crowd.palette(found, tones(theme).ramp if scale else None)._asdict()}
        return *(frame_figure(atlas, name, how) for name in NAMES), legend(found, False, scale, theme)
    return *(map_figure(atlas, name, colour, webgl, theme) for name in NAMES), legend(found, atlas.has_both, scale, theme)

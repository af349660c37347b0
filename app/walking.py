"""Components of the walk: what is walked, what is chosen of it, the room below the slider, and the dial of z_s.

What is in them is the scripts' own (assets/modules/walker.mjs, dial.mjs): it follows from the recipe and from the address.
"""

from dash import html

from app import ids

MODES = {
    "cycle": ("Mitosis", "From medoid to medoid of the stages"),
    "stops": ("Stops", "Between cells of your own choice"),
    "dimension": ("One dimension", "One latent dimension from -3 to 3, all others held"),
}


def heading() -> html.Div:
    """What is walked along, and where on it one is, in words."""
    tabs = [
        html.Button(
            name, className="walk-tab", title=title, **{"data-mode": mode, "aria-pressed": str(mode == "cycle").lower()}
        )
        for mode, (name, title) in MODES.items()
    ]
    return html.Div(
        [
            html.Div(tabs, className="walk-tabs", role="group", **{"aria-label": "What to walk along"}),
            html.P("From medoid to medoid of the stages.", className="walk-words", role="status"),
        ]
    )


def details() -> html.Button:
    """Opens the room."""
    return html.Button("Curves", id=ids.WALK_DETAILS, className="walk-tab", **{"aria-expanded": "false"})


def below() -> list[html.Div]:
    """What is chosen of the walk, and the room: ways, the nearest cell, curves."""
    return [
        html.Div(id=ids.WALK_ROW, className="walk-row", hidden=True),
        html.Div(id=ids.WALK_ROOM, className="walk-room", hidden=True),
    ]


def dial() -> html.Div:
    """Where structures of a prediction are placed."""
    return html.Div(
        id=ids.DIAL, className="dial", role="group", hidden=True, **{"aria-label": "Where structures are placed (z_s)"}
    )

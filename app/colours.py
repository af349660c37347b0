"""Colours of channels: one list for the page and for the files that are made, so that a channel looks the same in both."""

RGB = tuple[int, int, int]

MEMBRANE, DNA = (255, 0, 255), (0, 255, 255)
# Structures in their order, over again after the last: yellow first, as it is what magenta and cyan leave free.
STRUCTURES: tuple[RGB, ...] = (
    (255, 255, 0),
    (0, 255, 0),
    (255, 128, 0),
    (64, 96, 255),
    (255, 120, 170),
    (255, 255, 255),
    (0, 170, 120),
    (170, 90, 255),
    (170, 200, 0),
    (190, 130, 60),
    (120, 190, 255),
    (255, 200, 130),
    (150, 255, 190),
    (200, 160, 255),
)
# Of what is laid over a picture to say where the model is unsure. No structure is red.
UNCERTAINTY: RGB = (255, 40, 40)


def colours(n_channels: int) -> list[RGB]:
    """(r, g, b), 0 to 255, of each channel: membrane, DNA, then structures."""
    return [MEMBRANE, DNA, *(STRUCTURES[i % len(STRUCTURES)] for i in range(n_channels - 2))]

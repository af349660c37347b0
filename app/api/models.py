"""What the API says, typed: the OpenAPI document is made from these."""

from pydantic import BaseModel, ConfigDict


class ErrorDetail(BaseModel):
    """What was wrong: the part of the request at fault, and one line that says what to do."""

    key: str
    message: str


class ErrorBody(BaseModel):
    """Every 4xx, and 503."""

    error: ErrorDetail


class CellSummary(BaseModel):
    """A row of the cell table; columns that the author added come too."""

    model_config = ConfigDict(extra="allow")
    cell_id: str
    structure: str
    stage: str
    split: str
    source: str


class CellDetail(BaseModel):
    """A cell, where it lies, what the classifier says of it, and its volumes."""

    cell: CellSummary
    atlas_id: str
    z_r_map: tuple[float, float]
    z_s_map: tuple[float, float]
    p_structure: dict[str, float]  # p(y | x) by gene
    volumes: dict[str, str]  # "observed" where there is one, "reconstructed"


class StructureSummary(BaseModel):
    """A structure of the atlas, in the order of y."""

    gene: str
    protein: str
    structure: str
    n_cells: int


class StageSummary(BaseModel):
    """A stage, in order."""

    stage: str
    n_cells: int


class MedoidSummary(BaseModel):
    """The most central cell of a stage."""

    stage: str
    cell_id: str
    n_candidates: int
    split: str


class Neighbour(BaseModel):
    """A cell near a shape; `distance` is Euclidean, in z_r."""

    cell_id: str
    structure: str
    stage: str
    source: str
    distance: float


class Step(BaseModel):
    """A point on a path: where on it, its recipe, its volume, and the cell that is nearest there."""

    t: float
    recipe: str
    url: str
    nearest_cell: str
    distance: float


class ParsedRecipe(BaseModel):
    """A recipe as it was understood."""

    canonical: str
    url: str
    fields: dict[str, str]


class InspectedChannel(BaseModel):
    """A channel of a file: its name, what it is by that name (a role of `/api/encode`), and a small picture of it."""

    name: str  # empty where the file names none
    role: str | None
    picture: str  # data: URL of a PNG


class InspectedFile(BaseModel):
    """What a file says of itself."""

    axes: str
    grid: tuple[int, int, int]  # (Z, Y, X)
    voxel_um: tuple[float | None, float | None, float | None] | None  # (z, y, x); null where the file does not say
    channels: list[InspectedChannel]


class ObservedVolume(BaseModel):
    """An image that was brought along, as the model takes it: raw uint8, C-order (C, Z, Y, X), gzip, base64.

    `recipe` names it on the page that has it; below /api/volumes it is not to be had, for no server keeps it.
    """

    recipe: str
    shape: tuple[int, int, int, int]
    channels: list[str]
    voxel_um: float
    gzip: str


class Encoded(BaseModel):
    """What the model says of a cell that was brought along.

    z_s and p_structure only where a structure was imaged. `recipes` can be put into every address below /api/volumes.
    """

    atlas_id: str
    z_r: list[float]
    z_s: list[float] | None
    p_structure: dict[str, float] | None
    cell_volume_um3: float
    dna_volume_um3: float
    height_um: float
    cropped: bool  # part of it lay outside the grid
    masks: str  # "given", or "found": by model.segment
    stage: str  # that of most of the neighbours
    neighbours: list[Neighbour]
    z_r_map: tuple[float, float]  # the neighbours' places, weighted by their nearness
    z_s_map: tuple[float, float] | None
    recipes: dict[str, str]
    observed: ObservedVolume | None  # where it was asked for


class Health(BaseModel):
    """The server answers, with these atlases."""

    status: str
    atlases: list[str]


class Trust(BaseModel):
    """Where a cell decoded from a place on a map lands when it is encoded again. A long way: do not trust it."""

    map: str  # "z_r" or "z_s"
    start: list[float]  # x, y
    end: list[float]  # x, y
    length: float  # as a part of the map's diagonal
    nearest_cell: str  # to the encoding
    words: str

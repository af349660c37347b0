"""A recipe says completely which volume is meant: one frozen dataclass, one canonical string, one parser.

`key=value` fields joined by `;`, in this order; what has its default is left out::

    atlas=ID                            which atlas (12 hexadecimal digits)
    show=observed|reconstructed|predicted
    shape=cell:ID                       a cell's own z_r
         |path:KIND:STOP,STOP,...@T     a walk between cells; T from 0 to n_stops - 1, its whole part is the segment
         |map:z_r:X,Y                   a position on the map of z_r
         |prior:SEED                    z_r ~ N(0, I)
         |z_r:v,v,...                   z_r itself
         |own:NAME:z_r[:z_r_hat:z_s:y]  a cell that somebody brought along, by what the encoders say of it
         |dim:D@V:SHAPE                 any of these with coordinate D of z_r, counted from 1, set to V
    structures=GENE,GENE,...            which structures are predicted, in the order of their channels
    z_s=0|seed:N|cell:ID|map:X,Y|v,v,...|dim:D@V:Z_S
    value=image|sd:N:SEED               the image, or its standard deviation over N draws of z_s

For example `show=predicted;shape=path:radial:sim1_000042,sim1_000100@0.25;structures=TOMM20,FBL`. Names are percent-encoded
outside `A-Za-z0-9_.-`, so the string is the same in a link, in a cache, in a file's metadata and in a script.
`parse(str(recipe)) == recipe`. Nothing here knows an atlas: whether the cells and structures exist is for `app.volumes` to say.
"""

import math
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

import numpy as np

from model.errors import InputError
from model.latent import PATHS

OBSERVED, RECONSTRUCTED, PREDICTED = SHOWS = ("observed", "reconstructed", "predicted")
MAX_SEED = 2**32 - 1
# What 255 stands for: 1 in an image; a standard deviation of values in [0, 1] is at most 0.5.
IMAGE_SCALE, DEVIATION_SCALE = 1.0, 0.5
MAX_STOPS = 64
MAX_SAMPLES = 256  # of z_s, over all structures of one recipe: minutes on a small computer
MAX_NAME = 80  # characters, of a cell that somebody brings along
MAX_LATENT = 1000.0  # the prior is N(0, I): far enough out for any question, near enough for float32


class RecipeError(InputError):
    """A recipe that cannot be meant. `key` is the field at fault; the message begins with it."""

    def __init__(self, key: str, message: str):
        super().__init__(f"{key}: {message}")
        self.key = key


# The forms a shape or a z_s can take. Each reads and writes what follows its prefix, and refuses what cannot be.


@dataclass(frozen=True)
class Cell:
    """The latent of one cell: `ID`."""

    cell_id: str

    def __post_init__(self):
        _require(self.cell_id, "a cell id is empty; give the id of a cell")

    def __str__(self) -> str:
        return encode_name(self.cell_id)

    @classmethod
    def parse(cls, text: str) -> "Cell":
        return cls(_name(text))


@dataclass(frozen=True)
class Path:
    """A point on a walk through cells: `KIND:STOP,STOP,...@T`."""

    kind: str
    stops: tuple[str, ...]
    t: float  # 0 at the first stop, n_stops - 1 at the last

    def __post_init__(self):
        last = len(self.stops) - 1
        _require(self.kind in PATHS, f"path kind {self.kind!r} is unknown; use one of {', '.join(PATHS)}")
        _require(1 <= last < MAX_STOPS, f"a path has {last + 1} stops; give 2 to {MAX_STOPS}")
        _require(all(self.stops), "a stop of the path is empty; give a cell id for each")
        _require(0 <= self.t <= last, f"t = {self.t} is off the path; give 0 to {last} for its {last + 1} stops")

    def __str__(self) -> str:
        return f"{self.kind}:{_join(self.stops)}@{_decimal(self.t)}"

    @classmethod
    def parse(cls, text: str) -> "Path":
        kind, _, rest = text.partition(":")
        stops, at, t = rest.partition("@")
        _require(at, f"path {text!r} does not say where on it; end it with @T")
        return cls(kind, _names(stops), _number(t))


@dataclass(frozen=True)
class Position:
    """A position on a map, in the map's own coordinates: `X,Y`."""

    x: float
    y: float

    def __post_init__(self):
        _require(math.isfinite(self.x) and math.isfinite(self.y), f"no position {self.x}, {self.y}; give two finite numbers")

    def __str__(self) -> str:
        return f"{_decimal(self.x)},{_decimal(self.y)}"

    @classmethod
    def parse(cls, text: str) -> "Position":
        numbers = text.split(",")
        _require(len(numbers) == 2, f"position {text!r} has {len(numbers)} coordinate(s); give X,Y")
        return cls(*map(_number, numbers))


@dataclass(frozen=True)
class Draw:
    """One draw from the prior N(0, I): `SEED`."""

    seed: int

    def __post_init__(self):
        _require(0 <= self.seed <= MAX_SEED, f"seed {self.seed} is out of range; give 0 to {MAX_SEED}")

    def __str__(self) -> str:
        return str(self.seed)

    @classmethod
    def parse(cls, text: str) -> "Draw":
        return cls(_integer(text))


@dataclass(frozen=True)
class Literal:
    """A latent itself, n >= 2 numbers, rounded to float32: `v,v,...`."""

    z: tuple[float, ...]

    def __post_init__(self):
        _require(len(self.z) > 1, "a latent of one number; give all n_latent of them, joined by commas")
        _require(all(abs(v) <= MAX_LATENT for v in self.z), f"a latent is beyond {MAX_LATENT:g}; the prior is N(0, I)")
        object.__setattr__(self, "z", tuple(float(np.float32(v)) for v in self.z))

    def __str__(self) -> str:
        return ",".join(_decimal(np.float32(v)) for v in self.z)

    @classmethod
    def parse(cls, text: str) -> "Literal":
        return cls(tuple(_number(v) for v in text.split(",")))


@dataclass(frozen=True)
class Own:
    """A cell brought along, by what the encoders say of it: `NAME:z_r`, or with its structure `NAME:z_r:z_r_hat:z_s:y`.

    Each is numbers joined by commas: n latents, and a probability for each structure. Its image is nowhere in it.
    """

    name: str
    z_r: tuple[float, ...]
    z_r_hat: tuple[float, ...] = ()
    z_s: tuple[float, ...] = ()
    y: tuple[float, ...] = ()

    def __post_init__(self):
        _require(
            0 < len(self.name) <= MAX_NAME, f"the name of your own cell has {len(self.name)} letters; give 1 to {MAX_NAME}"
        )
        parts = (self.z_r_hat, self.z_s, self.y)
        _require(all(parts) or not any(parts), "your own cell has z_r_hat, z_s and y together, or none; give NAME:z_r alone")
        for z in (self.z_r, *filter(None, parts[:2])):
            Literal(z)  # its checks
        _require(all(0 <= p <= 1 for p in self.y), "y of your own cell holds what is no probability; give numbers from 0 to 1")

    def __str__(self) -> str:
        parts = (part for part in (self.z_r, self.z_r_hat, self.z_s, self.y) if part)
        return ":".join([encode_name(self.name), *(",".join(map(_decimal, part)) for part in parts)])

    @classmethod
    def parse(cls, text: str) -> "Own":
        name, *parts = text.split(":")
        _require(len(parts) in (1, 4), f"your own cell has {len(parts)} latents; give NAME:z_r, or NAME:z_r:z_r_hat:z_s:y")
        return cls(_name(name), *(tuple(_number(v) for v in part.split(",")) for part in parts))


@dataclass(frozen=True)
class Along:
    """Another form with one coordinate of its latent set to a value: `D@V:FORM`. D counts from 1; the prior of V is N(0, 1)."""

    dimension: int
    value: float
    base: "Cell | Path | Position | Draw | Literal | Own | None"

    def __post_init__(self):
        _require(self.dimension >= 1, f"dimension {self.dimension}; they count from 1")
        _require(abs(self.value) <= MAX_LATENT, f"a latent is beyond {MAX_LATENT:g}; the prior is N(0, I)")
        _require(not isinstance(self.base, Along), "one dimension at a time; give the whole latent to set several")


@dataclass(frozen=True)
class Deviation:
    """Standard deviation of each structure's channel over draws of z_s from the prior: `N:SEED`."""

    n_samples: int
    seed: int

    def __post_init__(self):
        _require(2 <= self.n_samples <= MAX_SAMPLES, f"{self.n_samples} samples of z_s; give 2 to {MAX_SAMPLES}")
        Draw(self.seed)

    def __str__(self) -> str:
        return f"{self.n_samples}:{self.seed}"

    @classmethod
    def parse(cls, text: str) -> "Deviation":
        n_samples, _, seed = text.partition(":")
        return cls(_integer(n_samples), _integer(seed))


KEYS = ("atlas", "show", "shape", "structures", "z_s", "value")
# What may follow `key=`: a prefix for each form. The last z_s has none, so it is tried last.
FORMS = {
    "shape": {"cell:": Cell, "path:": Path, "map:z_r:": Position, "prior:": Draw, "z_r:": Literal, "own:": Own},
    "z_s": {"cell:": Cell, "map:": Position, "seed:": Draw, "": Literal},
    "value": {"sd:": Deviation},
}
LATENTS, ALONG = ("shape", "z_s"), "dim:"  # the fields that stand for a latent, and what may go before their forms
DEFAULTS = {"z_s": "0", "value": "image"}  # read as None


@dataclass(frozen=True)
class Recipe:
    """Which volume is meant. `str(recipe)` is its canonical string."""

    show: str
    shape: Cell | Path | Position | Draw | Literal | Own | Along
    structures: tuple[str, ...] = ()
    z_s: Cell | Position | Draw | Literal | Along | None = None  # None is z_s = 0, the most probable localisation
    value: Deviation | None = None  # None is the image itself
    atlas: str | None = None

    def __post_init__(self):
        genes = self.structures
        _check("show", self.show in SHOWS, f"{self.show!r} is unknown; use one of {', '.join(SHOWS)}")
        shape = self.shape.base if isinstance(self.shape, Along) else self.shape
        _check("shape", type(shape) in FORMS["shape"].values(), "missing; a recipe needs shape=...")
        _check("atlas", self.atlas is None or re.fullmatch("[0-9a-f]{12}", self.atlas), "not an id; give 12 hexadecimal digits")
        _check("structures", all(genes) and len(set(genes)) == len(genes), "a name is empty or repeated; name each once")
        if self.show == PREDICTED:
            _check("structures", genes, "a prediction needs at least one; give gene symbols")
            _check("z_s", self.z_s is None or self.value is None, "a standard deviation draws z_s itself; leave z_s out")
            n_decoded = self.value.n_samples * len(genes) if self.value else 0
            _check("value", n_decoded <= MAX_SAMPLES, f"{n_decoded} samples over all structures; ask for at most {MAX_SAMPLES}")
        else:
            is_cell = isinstance(self.shape, Cell | Own)
            _check("shape", is_cell, f"only a cell can be {self.show}; give cell:ID, or show=predicted")
            _check("shape", _can_be(self.show, self.shape), "no structure was imaged in this cell; show=predicted needs none")
            _check("structures", len(genes) < 2, f"a cell is {self.show} with its own structure; leave structures out")
            _check("z_s", self.z_s is None, f"a cell is {self.show} with its own; leave z_s out, or show=predicted")
            _check("value", self.value is None, f"a cell is {self.show} without z_s samples; leave it out, or show=predicted")

    def __str__(self) -> str:
        fields = {"atlas": self.atlas, "show": self.show} | {
            "shape": _write_form("shape", self.shape),
            "structures": _join(self.structures),
            "z_s": _write_form("z_s", self.z_s),
            "value": _write_form("value", self.value),
        }
        return ";".join(f"{key}={text}" for key, text in fields.items() if text)


def _can_be(show: str, shape: Any) -> bool:
    """Whether there is a z_s to reconstruct a cell from."""
    return show != RECONSTRUCTED or not isinstance(shape, Own) or bool(shape.z_s)


def parse(text: str) -> Recipe:
    """Read a recipe. The order of its fields is free.

    Raises
    ------
    RecipeError
        for anything that is not a recipe; its `key` is the field at fault, or "recipe" where that is none of them.
    """
    fields: dict[str, Any] = {}
    for field in text.split(";"):
        key, equals, value = field.partition("=")
        _check("recipe", equals, f"{field!r} is not key=value; join fields with ';'")
        _check(key if key.isidentifier() else "recipe", key in KEYS, f"{key!r} is no key; use {', '.join(KEYS)}")
        _check(key, key not in fields, "given twice; give it once")
        try:
            fields[key] = _names(value) if key == "structures" else _read_form(key, value) if key in FORMS else value
        except InputError as error:
            raise RecipeError(key, str(error)) from None
    return Recipe(**({"show": "", "shape": None} | fields))


def url_path(recipe: Recipe) -> str:
    """The canonical string as one segment of a URL's path: as it is, but for `%`, which is encoded once more."""
    return quote(str(recipe), safe=";=:,@")


def _read_form(key: str, text: str) -> Any:
    if text == DEFAULTS.get(key):
        return None
    before = [ALONG] if key in LATENTS else []
    if before and text.startswith(ALONG):
        place, _, base = text.removeprefix(ALONG).partition(":")
        dimension, at, value = place.partition("@")
        _require(at and base, f"{text!r} does not say which dimension of what; write it as dim:D@V:FORM")
        return Along(_integer(dimension), _number(value), _read_form(key, base))
    for prefix, form in FORMS[key].items():
        if text.startswith(prefix):
            return form.parse(text.removeprefix(prefix))
    raise InputError(f"{text!r} is not one of its forms; begin it with {', '.join([*FORMS[key], *before])}")


def _write_form(key: str, value: Any) -> str:
    if isinstance(value, Along):
        return f"{ALONG}{value.dimension}@{_decimal(value.value)}:{_write_form(key, value.base) or DEFAULTS[key]}"
    return next((f"{prefix}{value}" for prefix, form in FORMS[key].items() if type(value) is form), "")


def _names(text: str) -> tuple[str, ...]:
    return tuple(_name(name) for name in text.split(","))


def _name(text: str) -> str:
    _require(not re.search("[=:,@]", text), f"name {text!r} holds one of = : , @ unencoded; percent-encode it")
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise InputError(f"name {text!r} is not percent-encoded UTF-8; encode it again") from None


def _number(text: str) -> float:
    # Not float() alone: it also reads "nan", "1_0" and the digits of other scripts.
    _require(re.fullmatch(r"-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?", text), f"{text!r} is not a number; write it as -1.25 or 1e-3")
    return float(text)


def _integer(text: str) -> int:
    _require(re.fullmatch("[0-9]{1,10}", text), f"{text!r} is not a whole number; give one from 0 to {MAX_SEED}")
    return int(text)


def _join(names: tuple[str, ...]) -> str:
    return ",".join(map(encode_name, names))


def encode_name(name: str) -> str:
    """A cell's or a structure's name as it stands in a recipe."""
    return quote(name, safe="").replace("~", "%7E")


def _decimal(value: float) -> str:
    """The shortest text that reads back as this float32 or float64; `1` for 1.0 as JavaScript writes it, and no `-0`."""
    return str(value + 0.0).removesuffix(".0").replace("e+", "e")


def _require(condition: Any, message: str) -> None:
    if not condition:
        raise InputError(message)


def _check(key: str, condition: Any, message: str) -> None:
    if not condition:
        raise RecipeError(key, message)

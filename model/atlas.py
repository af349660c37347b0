"""`atlas.h5`: ONE file that is all the explorer needs. The contract between the offline jobs and the app.

Groups (ARCHITECTURE.md has them as a table; N cells, K structures, S stages, n latent dimensions, M observed volumes)::

    attrs        schema, schema_version, title, atlas_id, simulated, voxel_um (the model's grid), axis_order, cells_sha, seed
    cells/       the cell table, one (N,) dataset a column: those of cells.h5
    factors/     known factors of simulated cells (where there are any)
    structures/  gene, protein, structure (K,)          stages/  stage (S,), in order
    latent/      z_r (N, n), z_s (N, n), z_r_hat (N, n) float32, y (N, K) float32 = p(y | x)
    projection/  z_r (N, 2), z_s (N, 2) float32: UMAP; attrs n_neighbors, min_dist, seed
    medoids/     stage (M,), cell (M,) row of the cell table, n_candidates (M,), split (M,)
    variation/   score (V, K) float64, cell (V,), singular (V, K) bool; attrs n, seed
    evaluation/  attrs metrics (JSON); confusion (K, K) int64, rows true; per_class/ a table, one row a structure
    curves/      what training logged, one (rows,) dataset a column
    pictures/    cell (N, H, W, 3) uint8: composite projections for hovering
    model/       attrs config, train_config (JSON), run_sha; NETWORK/PARAMETER: plain arrays, float16 where they fit its range
    observed/    volume (M, 3, Z, Y, X) uint8 on the model's grid, cell (M,)
    report/      json (n,) uint8: sections of text, tables and images (model.report)

Only attrs, cells, structures, stages, latent, projection and model are always there; each of the rest is a stage of its own.
The groups that a stage makes have the attribute made_from, the hash of its inputs and options. Plain arrays and JSON only:
nothing in the file can run code.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import pandas as pd
from numpy import ndarray

from model.config import ModelConfig, from_json
from model.errors import InputError
from model.hdf5 import content_hash, open_checked, read_table, replacing
from model.report import Report
from model.report import from_json as report_from_json
from model.vocabulary import Structure

SCHEMA, SCHEMA_VERSION = "integrated-cell/atlas", 1
# What decides the bytes of every volume served: its hash names the atlas in recipes and caches. The other groups can be made
# again, or left out, and links stay good.
IDENTITY = ("cells", "structures", "latent", "projection", "model")


class Atlas:
    """Read access to an `atlas.h5`, loaded as it is asked for. Optional parts are None where the author left them out."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.file = open_checked(path, SCHEMA, SCHEMA_VERSION)
        missing = [name for name in ("cells", "latent", "projection", "model") if name not in self.file]
        if missing:
            self.file.close()
            raise InputError(f"{path}: the atlas is not complete, it lacks {', '.join(missing)}; run `precompute atlas` again")
        attrs = self.file.attrs
        self.title, self.atlas_id = attrs["title"], attrs["atlas_id"]
        self.voxel_um, self.simulated = float(attrs["voxel_um"]), bool(attrs["simulated"])
        self.config: ModelConfig = from_json(ModelConfig, self.file["model"].attrs["config"])
        # A record, not a setting: it stays readable when training learns new options.
        self.train_config: dict = json.loads(self.file["model"].attrs["train_config"])

    def close(self) -> None:
        """Close the file; what was loaded stays."""
        self.file.close()

    @cached_property
    def cells(self) -> pd.DataFrame:
        """The cell table; the row number is the cell's index everywhere else."""
        return read_table(self.file["cells"])

    @cached_property
    def is_real(self) -> ndarray:
        """(N,) bool: which cells were imaged, not simulated."""
        return (self.cells["source"] == "real").to_numpy()

    @property
    def has_both(self) -> bool:
        """Whether there are real cells among simulated ones."""
        return self.simulated and bool(self.is_real.any())

    @cached_property
    def structures(self) -> list[Structure]:
        """The classes in the order of y."""
        return [Structure(*row) for row in read_table(self.file["structures"]).itertuples(index=False)]

    @cached_property
    def stages(self) -> tuple[str, ...]:
        """The ordered scale of stages."""
        return tuple(self.file["stages/stage"].asstr()[:])

    @cached_property
    def index_of(self) -> dict[str, int]:
        """Row of each cell_id."""
        return {cell_id: i for i, cell_id in enumerate(self.cells["cell_id"])}

    def latent(self, name: str) -> ndarray:
        """z_r, z_s, z_r_hat (N, n) or y (N, K), float32."""
        return self._cached(f"latent/{name}")

    def projection(self, name: str) -> ndarray:
        """The UMAP of z_r or z_s, (N, 2) float32."""
        return self._cached(f"projection/{name}")

    def _cached(self, path: str) -> ndarray:
        cache = self.__dict__.setdefault("_arrays", {})
        if path not in cache:
            cache[path] = self.file[path][:]
        return cache[path]

    @cached_property
    def medoids(self) -> pd.DataFrame | None:
        """Per stage that has cells, in order: stage, cell (row), n_candidates, split it was chosen from."""
        return read_table(self.file["medoids"]) if "medoids" in self.file else None

    @cached_property
    def pictures(self) -> ndarray | None:
        """(N, H, W, 3) uint8."""
        return self.file["pictures/cell"][:] if "pictures" in self.file else None

    @cached_property
    def has_picture(self) -> ndarray:
        """(N,) bool: which cells have a picture that is not blank."""
        blank = np.zeros(len(self.cells), bool)
        return blank if self.pictures is None else self.pictures.reshape(len(blank), -1).any(1)

    @cached_property
    def _observed_row(self) -> dict[int, int]:
        if "observed" not in self.file:
            return {}
        return {int(cell): row for row, cell in enumerate(self.file["observed/cell"][:])}

    @property
    def observed_cells(self) -> list[int]:
        """Cells whose observed volume is in the file."""
        return sorted(self._observed_row)

    def observed(self, cell: int) -> ndarray | None:
        """Observed x_rs (3, Z, Y, X) uint8 on the model's grid, or None where the author did not include it."""
        row = self._observed_row.get(int(cell))
        return None if row is None else self.file["observed/volume"][row]

    @cached_property
    def variation(self) -> "Variation | None":
        """How much each structure varies in each scored cell."""
        if "variation" not in self.file:
            return None
        group = self.file["variation"]
        by_stage = read_table(group["by_stage"]) if "by_stage" in group else None
        genes = tuple(s.gene for s in self.structures)
        return Variation(group["score"][:], group["cell"][:], group["singular"][:], genes, by_stage, int(group.attrs["n"]))

    @cached_property
    def metrics(self) -> dict:
        """Evaluation on held-out cells; empty where it was not run."""
        return json.loads(self.file["evaluation"].attrs["metrics"]) if "evaluation" in self.file else {}

    @cached_property
    def report(self) -> Report | None:
        """The paper's tables and figures for this atlas, where `precompute report --into-atlas` put them."""
        return report_from_json(self.file["report/json"][:].tobytes().decode()) if "report" in self.file else None

    def weights(self) -> dict[str, dict[str, ndarray]]:
        """`weights[network][parameter]`, as stored (float16), for `IntegratedCell.from_weights` after torch.from_numpy."""
        return {
            network: {name: dataset[()] for name, dataset in group.items()} for network, group in self.file["model"].items()
        }


class Variation(NamedTuple):
    """Algorithm 4 for V cells and K structures. SMALLER scores mean MORE variation."""

    score: ndarray  # (V, K) float64
    cell: ndarray  # (V,) rows of the cell table
    singular: ndarray  # (V, K) bool: no score, as the samples' images do not vary
    genes: tuple[str, ...]  # the K structures
    by_stage: (
        pd.DataFrame | None
    )  # a row a structure: gene, interphase, mitosis, difference, low, high, n_interphase, n_mitosis
    n: int  # draws of z_s behind each score

    def of(self, gene: str) -> ndarray:
        """(V,) scores of a structure, NaN where a cell has none."""
        k = self.genes.index(gene)
        return np.where(self.singular[:, k], np.nan, self.score[:, k])


def read_weights(group: h5py.Group) -> dict[str, dict[str, ndarray]]:
    """`weights[network][parameter]` of the group `model`."""
    return {network: {name: dataset[()] for name, dataset in parameters.items()} for network, parameters in group.items()}


def fingerprint(*parts) -> str:
    """16 hex digits for JSON-able parts: what a stage was made from."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def is_current(file: h5py.File, name: str, made_from: str) -> bool:
    """Whether the group `name` is there and was made from just this."""
    return name in file and file[name].attrs.get("made_from") == made_from


@contextmanager
def editing(path: str | Path, *, create: bool = False) -> Iterator[h5py.File]:
    """Open the atlas `path` to add, replace or delete groups. `path` changes at once, when the block ends well, or not at all.

    Work goes to a copy, `path.working.partial`. Stopped in any way (Ctrl-C, a kill, an error), the copy stays if a group was
    finished in it, and the next call goes on with it: nothing computed is lost. If nothing was finished nothing is left behind.
    A copy that was made of another `path` than the one that is there now is thrown away.

    Raises
    ------
    InputError
        where `path` is not an atlas (missing is fine with `create`), or another job is at work on it.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise InputError(f"{path}: the folder {path.parent} does not exist; make it first")
    if path.exists() or not create:
        open_checked(path, SCHEMA, SCHEMA_VERSION).close()
    working = path.with_name(path.name + ".working.partial")
    _prepare(working, path)
    with _open(working) as file:
        try:
            yield file
        except BaseException:
            if not file.attrs["changed"]:
                working.unlink()
            raise
        if file.attrs["changed"]:
            _publish(file, path)
    working.unlink()


def _prepare(working: Path, path: Path) -> None:
    """Make `working` a copy of `path` (or empty, if there is none) unless it is one already, with groups finished since."""
    copy_of = fingerprint(path.stat().st_size, path.stat().st_mtime_ns) if path.exists() else "nothing"
    try:
        with _open(working) as file:
            file.visit(lambda _: None)  # reads all that names the groups: it is whole
            if file.attrs.get("copy_of") == copy_of:
                return
    except (OSError, RuntimeError):  # missing, or killed in the middle of a write
        pass
    working.unlink(missing_ok=True)
    if path.exists():
        shutil.copyfile(path, working)
    with h5py.File(working, "a") as file:
        file.attrs.update({"schema": SCHEMA, "schema_version": SCHEMA_VERSION, "axis_order": "NCZYX"})
        file.attrs.update({"copy_of": copy_of, "changed": False})


def _open(working: Path) -> h5py.File:
    try:
        return h5py.File(working, "r+")
    except BlockingIOError:
        raise InputError(f"{working}: another job is at work on this atlas; wait until it is done") from None


def _publish(file: h5py.File, path: Path) -> None:
    """Write a fresh file without the working copy's marks, unfinished groups, and the room that replaced groups took."""
    with replacing(path) as partial, h5py.File(partial, "w") as atlas:
        atlas.attrs.update({name: value for name, value in file.attrs.items() if name not in ("copy_of", "changed")})
        for name in file:
            if not name.startswith("_"):
                file.copy(name, atlas)
        atlas.attrs["atlas_id"] = _identity(atlas)


def _identity(atlas: h5py.File) -> str:
    content = content_hash(atlas, skip=tuple(set(atlas) - set(IDENTITY)))
    model = dict(atlas["model"].attrs) if "model" in atlas else {}
    return fingerprint(content, model.get("config"), float(atlas.attrs.get("voxel_um", 0)))[:12]


@contextmanager
def replace_group(file: h5py.File, name: str, made_from: str, *, resume: bool = False) -> Iterator[h5py.Group]:
    """Yield a group that becomes `name` when the block ends well: a group that is there is complete.

    It is empty; with `resume` it may be what an interrupted call with the same `made_from` left of it.
    """
    unfinished = f"_{name}"
    if unfinished in file and not (resume and is_current(file, unfinished, made_from)):
        del file[unfinished]
    group = file.require_group(unfinished)
    group.attrs["made_from"] = made_from
    yield group
    if name in file:
        del file[name]
    file.move(unfinished, name)
    mark_changed(file)


def mark_changed(file: h5py.File) -> None:
    """Note in a file being edited that it holds work worth keeping, and write it to disk."""
    file.attrs["changed"] = True
    file.flush()

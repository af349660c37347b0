"""All that a report needs of the networks, a structure at a time: cells decoded again, cells generated, Algorithm 4.

B cells of a structure, K structures, n latent dimensions, V voxels. The atlas holds every latent, so that to encode and decode
needs no image; where an image is at hand it is compared with what is decoded.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy import ndarray
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool3d

from model.aae import to_images
from model.cells import REFERENCE, STRUCTURE
from model.decode import FastDecoder
from precompute.held_out import bce, pearson
from precompute.report.parts import Arrays, Part
from precompute.report.source import SPLITS, Source
from precompute.variation import correlations, draws, localisations, variation_score

COARSE = (8, 12, 16)  # the grid on which images are compared as a whole
PASSES = {"reconstructed": 4, "generated": 3}  # images through a network, for each cell
N_VARIATION = 50  # draws of Algorithm 4 where the atlas has none of its own to compare with
Advance = Callable[[int], object]


def parts_of(source: Source) -> list[Part]:
    """reconstructed_SPLIT_GENE, generated_GENE, and variation_ROW for training cells."""
    parts, options = [], source.options
    for split in SPLITS:
        sample = source.sample(split)
        for k, gene in enumerate(source.genes):
            rows = sample[source.y[sample] == k]
            if len(rows):
                parts.append(
                    Part(
                        f"reconstructed_{split}_{gene}",
                        PASSES["reconstructed"] * len(rows),
                        (rows.tolist(),),
                        lambda advance, rows=rows, k=k: reconstructed(source, rows, k, advance),
                    )
                )
    for k, gene in enumerate(source.genes):
        cost, seed = PASSES["generated"] * options.n_per_class, [options.seed, k]
        parts.append(
            Part(
                f"generated_{gene}",
                cost,
                (options.n_per_class, seed),
                lambda advance, k=k, seed=seed: generated(source, k, options.n_per_class, seed, advance),
            )
        )
    n, seed = variation_settings(source)
    for row in variation_rows(source):
        parts.append(
            Part(
                f"variation_{row}",
                n * source.n,
                (n, seed),
                lambda advance, row=row: {"score": variation(source, row, n, seed, advance)},
            )
        )
    return parts


@torch.inference_mode()
def reconstructed(source: Source, rows: ndarray, k: int, advance: Advance) -> Arrays:
    """Encode-decode of cells `rows` (B,) of structure k, with what images say where they are at hand.

    rows (B,); p (B, K) of the decoded cells; rho (B, B) of their structure channels. Of those with an image, has_image (B,):
    rho_data; bce_x_r, r_membrane, r_DNA of Dec_r(Enc_r(x_r)); bce_x_s, r_x_s of the structure channel of Dec_rs(Enc_rs(x_rs));
    r_x_s_predicted of Algorithm 3; coarse (B, 3 * |COARSE|). Without an image they are nan; rho_data has those with one alone.
    """
    has_image, model = source.has_image(rows), source.model
    z = {name: torch.from_numpy(source.atlas.latent(name)[rows]) for name in ("z_r", "z_s", "z_r_hat", "y")}
    parts: dict[str, list[ndarray]] = {}
    structures, observed = [], []

    def keep(**values: Tensor) -> None:
        for name, value in values.items():
            parts.setdefault(name, []).append(value.cpu().numpy())

    for start in range(0, len(rows), source.options.batch_size):
        at = slice(start, start + source.options.batch_size)
        x_rs_hat = model.decode_rs(z["y"][at], z["z_r_hat"][at], z["z_s"][at])
        structures.append(x_rs_hat[:, STRUCTURE].flatten(1).cpu())
        keep(p=model.Enc_rs(x_rs_hat).y_logits.softmax(1))
        some, known = rows[at], has_image[at]
        figures = torch.full((len(some), 6), torch.nan, dtype=torch.float64)
        coarse = torch.full((len(some), 3 * np.prod(COARSE)), torch.nan)
        if known.any():
            x = to_images(np.stack([source.image(row) for row in some[known]])).to(model.device)
            y = torch.full((len(x),), k)
            x_r_hat = model.decode_r(z["z_r"][at][known])
            predicted = model.predict(z["z_r"][at][known], y)[:, [STRUCTURE]]
            x_r, x_s, x_s_hat = x[:, REFERENCE], x[:, [STRUCTURE]], x_rs_hat[known][:, [STRUCTURE]]
            columns = [bce(x_r, x_r_hat), *pearson(x_r, x_r_hat).T, bce(x_s, x_s_hat)]
            columns += [pearson(x_s, x_s_hat)[:, 0], pearson(x_s, predicted)[:, 0]]
            figures[known] = torch.stack(columns, 1).cpu()
            coarse[known] = coarsened(x).cpu()
            observed.append(x_s.flatten(1).cpu())
        keep(figures=figures, coarse=coarse)
        advance(PASSES["reconstructed"] * len(some))
    whole = {name: np.concatenate(values) for name, values in parts.items()}
    names = ("bce_x_r", "r_membrane", "r_DNA", "bce_x_s", "r_x_s", "r_x_s_predicted")
    return {
        "rows": rows,
        "has_image": has_image,
        "p": whole["p"],
        "coarse": whole["coarse"],
        **dict(zip(names, whole["figures"].T, strict=True)),
        "rho": correlations(torch.cat(structures).numpy()),
        "rho_data": correlations(torch.cat(observed).numpy()) if observed else np.empty((0, 0)),
    }


@torch.inference_mode()
def generated(source: Source, k: int, n: int, seed, advance: Advance) -> Arrays:
    """n cells of structure k whose z_r and z_s are drawn from the prior, and what the encoders make of them.

    p (n, K), z_r and z_s (n, n_latent) of the decoded cells; rho (n, n) of their structure channels; coarse as above.
    """
    model = source.model
    prior = np.random.default_rng(seed).standard_normal((2, n, model.config.n_latent), np.float32)
    z_r, z_s = torch.from_numpy(prior)
    parts: dict[str, list[Tensor]] = {}
    structures = []
    for start in range(0, n, source.options.batch_size):
        at = slice(start, start + source.options.batch_size)
        x_rs = model.predict(z_r[at], torch.full((len(z_r[at]),), k), z_s[at])
        latents = model.encode(x_rs)
        structures.append(x_rs[:, STRUCTURE].flatten(1).cpu())
        for name, value in (("p", latents.y), ("z_r", latents.z_r), ("z_s", latents.z_s), ("coarse", coarsened(x_rs))):
            parts.setdefault(name, []).append(value.cpu())
        advance(PASSES["generated"] * len(x_rs))
    return {name: torch.cat(values).numpy() for name, values in parts.items()} | {
        "rho": correlations(torch.cat(structures).numpy())
    }


def coarsened(x: Tensor) -> Tensor:
    """(B, C * |COARSE|): images (B, C, Z, Y, X) averaged over boxes."""
    return adaptive_avg_pool3d(x, COARSE).flatten(1)


def variation_settings(source: Source) -> tuple[int, int]:
    """n and seed of Algorithm 4: those of the atlas, for scores of different n must not be compared."""
    attrs = source.atlas.file["variation"].attrs if "variation" in source.atlas.file else {"n": N_VARIATION, "seed": 0}
    return int(attrs["n"]), int(attrs["seed"])


def variation_rows(source: Source) -> list[int]:
    """Annotated training cells for Algorithm 4: half in interphase, half in mitosis, or what there is of both."""
    rng, n = np.random.default_rng(source.options.seed), source.options.n_variation
    train = (source.split == "train") & source.annotated
    groups = [rng.permutation(np.flatnonzero(train & at)) for at in (source.interphase, ~source.interphase)]
    n_second = min(len(groups[1]), max(n // 2, n - len(groups[0])))
    return sorted(int(row) for row in np.concatenate([groups[0][: n - n_second], groups[1][:n_second]]))


def variation(source: Source, row: int, n: int, seed: int, advance: Advance) -> ndarray:
    """(K,) Algorithm 4 of every structure in the shape of a cell; nan where singular."""
    model, scores = source.model, np.full(source.n, np.nan)
    decode = FastDecoder(model.Dec_rs, device=model.device)
    z_r, z_s = torch.from_numpy(source.atlas.latent("z_r")[row]), torch.from_numpy(draws(n, model.config.n_latent, seed))
    for k, y in enumerate(torch.eye(source.n)):
        scores[k] = variation_score(localisations(decode, y, z_r, z_s, source.options.batch_size))[0]
        advance(n)
    return scores

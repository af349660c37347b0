"""The microscope: point spread, unbound dye, photons, camera, and the mask that real cells come cut out with."""

import numpy as np

from precompute.simulate.filaments import random_points, thicken
from precompute.simulate.lattice import smooth_step
from precompute.simulate.scene import Scene

READ_NOISE = 1.2  # photons, sd


def image(
    scene: Scene, bound: np.ndarray, free: np.ndarray, mask: np.ndarray, rng: np.random.Generator, bits: int = 8
) -> np.ndarray:
    """The image (3, Z, Y, X) of a scene, uint8 or, at 16 `bits`, uint16: membrane, structure, DNA.

    Outside `mask` every channel is the camera's offset, as in cells cut out of their field.
    """
    f = scene.factors
    dye, *cameras = rng.spawn(4)  # one a channel: what is tagged changes nothing in the other two
    channels = (
        (_membrane(scene, dye), f.membrane_haze * scene.inside),
        (bound, f.haze * free),
        (scene.nucleus.density, f.dna_haze * scene.inside),
    )
    return np.stack([_expose(scene, *channel, mask, camera, bits) for channel, camera in zip(channels, cameras, strict=True)])


def _membrane(scene: Scene, rng: np.random.Generator) -> np.ndarray:
    """The membrane dye, (Z, Y, X): the surface, folds and overlapping neighbours on it, fading upwards; bright vesicles."""
    f = scene.factors
    folds = smooth_step(0.6 - scene.lattice.noise(rng, (1.5, 1.3, 1.3)), 0.15) * (1 + (scene.height() < 0.2))
    fading = 1 - 0.5 * np.clip(scene.height(), 0, 1)
    surface = scene.shell(scene.cell + 0.12, 0.18) * (0.6 + 0.6 * folds) * fading
    spots = random_points(scene.cytoplasm * np.exp(scene.cell / np.float32(2)), f.n_vesicles, scene.lattice, rng)
    brightness = np.repeat(rng.gamma(1.5, 0.6, f.n_vesicles), 20)
    return surface + scene.lattice.splat(thicken(spots, 0.20, rng, 20), brightness)


def _expose(
    scene: Scene, signal: np.ndarray, haze: np.ndarray, mask: np.ndarray, rng: np.random.Generator, bits: int
) -> np.ndarray:
    """One channel: spread, scale the brightest of the signal to 1, add haze, count photons, digitise. (Z, Y, X) unsigned."""
    f = scene.factors
    spread = scene.lattice.blur(signal, (f.psf_z_um, f.psf_xy_um, f.psf_xy_um))
    brightest = np.partition(spread[mask], -40)[-40:].mean()
    expected = f.photons * (spread / max(brightest, 1e-6) + haze)[mask]
    counted = rng.poisson(expected) + READ_NOISE * rng.standard_normal(expected.size)
    step = (2**bits - 1) // 255  # grey values of this camera in one of an 8-bit camera's
    grey = np.full(mask.shape, step * f.background, np.float32)
    grey[mask] += step * (235 - f.background) / counted.max() * counted
    return np.clip(np.rint(grey), 0, 2**bits - 1).astype(f"uint{bits}")

"""What a model is and how it is trained: two frozen dataclasses, JSON both ways, and the named presets."""

import dataclasses
import json
from dataclasses import dataclass

from model.errors import InputError


@dataclass(frozen=True)
class ModelConfig:
    """The eight networks, completely. Defaults are the paper's (Tables S1 to S8 as its authors implemented them)."""

    grid: tuple[int, int, int] = (64, 96, 128)  # (Z, Y, X)
    voxel_um: float = 0.317
    widths: tuple[int, ...] = (64, 128, 256, 512, 1024, 1024)  # channels after each stride-2 stage
    n_latent: int = 128
    n_structures: int = 11  # K
    EncD_widths: tuple[int, ...] = (1024, 1024, 512)
    DecD_noise: float = 0.01  # sd of the white noise on the input of DecD
    # Not in the paper; docs/experiments.md has what they gave.
    latent_norm: bool = False  # each dimension of z_r, and of z_s within its class, to mean 0 and variance 1
    n_stages: int = 0  # Enc_r with a linear reader of the stage on z_r; 0: without
    smooth_upsampling: bool = False  # decoders whose kernels cannot leave a checkerboard

    def __post_init__(self):
        if min(self.grid) < 2 ** (len(self.widths)):
            raise InputError(f"grid {self.grid} is too small for {len(self.widths)} stride-2 stages; use fewer widths")

    @property
    def sizes(self) -> list[tuple[int, int, int]]:
        """Spatial size before the first stage, and after each: n -> floor(n / 2). 128 x 96 x 64 ends at 2 x 1 x 1."""
        sizes = [self.grid]
        for _ in self.widths:
            sizes.append(tuple(n // 2 for n in sizes[-1]))
        return sizes


@dataclass(frozen=True)
class TrainConfig:
    """One training run. Defaults are the paper's (section 3.3, put right)."""

    n_epochs_r: int = 150  # phase 1: reference model
    n_epochs_rs: int = 150  # phase 2: conditional model
    batch_size: int = 30
    lr: float = 2e-4  # every Enc, Dec and DecD
    lr_EncD: float = 1e-2
    lr_schedule: str = "constant"  # or "cosine": every rate falls to 0 over each phase
    betas: tuple[float, float] = (0.5, 0.999)
    gamma_Enc: float = 1e-4
    gamma_Dec: float = 1e-5  # 0 leaves DecD out: it could not change anything
    # Not in the paper; each does nothing by default. docs/experiments.md has what they gave.
    gamma_y: float = 1.0  # of the class, which with the paper's weight of 1 outweighs the images by far
    gamma_z_r: float = 1.0  # of the estimate of z_r, likewise
    z_noise: float = 0.0  # sd of the white noise on z that Dec is given
    gamma_correlation: float = 0.0  # of the squared correlations between dimensions of z
    gamma_contrast: float = 0.0  # of the difference between local contrasts of x_hat and x
    gamma_stage: float = 0.0  # of the stage as Enc_r's reader has it, on cells whose stage is annotated
    structure_weight: float = 1.0  # of the structure channel in the reconstruction loss, the others having 1
    blur: float = 0.0  # share of cells that Enc_rs is given blurred; Dec_rs still has to return them sharp
    p_given: float = 0.0  # share of cells for which Dec_rs is given the true y and z_r, as in a prediction
    n_epochs_refined: int = 0  # epochs at the end of each phase in which Dec alone learns, from what the finished Enc gives it
    gamma_Dec_refined: float = 0.0  # gamma_Dec of those epochs; 0 leaves DecD out
    # Where Dec_r and Dec_rs end up: this share of the way from the Dec before those epochs to the one after.
    refined_share_r: float = 1.0
    refined_share_rs: float = 1.0
    real_copies: int = 1  # times that a real cell comes in an epoch, mirrored in x, in y and in both by turns
    seed: int = 0
    precision: str = "float32"  # or "bfloat16": autocast, weights stay float32

    def __post_init__(self):
        for name in (
            "gamma_y",
            "gamma_z_r",
            "gamma_stage",
            "z_noise",
            "gamma_correlation",
            "gamma_contrast",
            "structure_weight",
        ):
            if getattr(self, name) < 0:
                raise InputError(f"{name} {getattr(self, name)} is negative; give 0 or more")
        for name in ("blur", "p_given", "refined_share_r", "refined_share_rs"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name} {getattr(self, name)} is not a share; give a number from 0 to 1")
        if self.real_copies < 1:
            raise InputError(f"real_copies {self.real_copies} is too few; give 1 or more")
        if self.precision not in ("float32", "bfloat16"):
            raise InputError(f"precision {self.precision!r} is unknown; use float32 or bfloat16")
        if self.lr_schedule not in ("constant", "cosine"):
            raise InputError(f"learning rate schedule {self.lr_schedule!r} is unknown; use constant or cosine")
        if self.batch_size < 2:
            raise InputError(f"batch size {self.batch_size} is too small: BatchNorm needs at least 2 cells")


# Fields that version 0.1 did not know.
LATER = {"latent_norm", "smooth_upsampling", "z_noise", "gamma_correlation", "gamma_contrast", "structure_weight"}
LATER |= {"gamma_y", "gamma_z_r", "gamma_stage", "n_stages", "n_epochs_refined", "gamma_Dec_refined", "blur", "p_given"}
LATER |= {"refined_share_r", "refined_share_rs", "real_copies"}

PRESETS: dict[str, tuple[ModelConfig, TrainConfig]] = {
    # Seconds: for tests, and to try a data set end to end.
    "tiny": (
        ModelConfig(grid=(16, 24, 32), voxel_um=1.268, widths=(8, 16, 32, 64), n_latent=16, EncD_widths=(64, 64, 32)),
        TrainConfig(n_epochs_r=30, n_epochs_rs=30, batch_size=14, lr=2e-3),
    ),
    # Half the paper's resolution, and what two cores can learn in an hour and a half.
    # Where it leaves the paper's objective and schedule, docs/experiments.md says what was tried and what is only a choice.
    "demo": (
        ModelConfig(
            grid=(32, 48, 64),
            voxel_um=0.634,
            widths=(32, 64, 128, 256),
            n_latent=32,
            EncD_widths=(256, 256, 128),
            latent_norm=True,
            smooth_upsampling=True,
        ),
        TrainConfig(
            n_epochs_r=25,
            n_epochs_rs=10,
            batch_size=16,
            lr=1e-3,
            lr_schedule="cosine",
            gamma_Enc=1e-3,
            gamma_Dec=0.0,
            gamma_y=0.05,
            gamma_z_r=0.02,
            gamma_stage=0.1,
            z_noise=0.1,
            gamma_correlation=0.05,
            gamma_contrast=0.06,
            structure_weight=2.0,
            blur=0.5,
            p_given=0.5,
            n_epochs_refined=4,
            real_copies=8,
            precision="bfloat16",
        ),
    ),
    # The exact networks and schedule of the paper.
    "paper": (ModelConfig(), TrainConfig()),
}


# What the shipped atlas uses: the paper's resolution, seven minutes of one H100. Fewer latents, which the prior fills, and an
# adversary on images, which a graphics card can pay for.
_model, _train = PRESETS["demo"]
PRESETS["full"] = (
    dataclasses.replace(
        _model, grid=(64, 96, 128), voxel_um=0.317, widths=(32, 64, 128, 256, 256), n_latent=16, DecD_noise=0.1
    ),
    dataclasses.replace(
        _train,
        n_epochs_r=16,
        n_epochs_rs=21,
        batch_size=32,
        lr_EncD=2e-3,
        gamma_Enc=1e-2,
        gamma_stage=0.03,
        gamma_Dec_refined=5e-3,
        refined_share_r=0.7,
        refined_share_rs=0.74,
    ),
)


def preset(name: str) -> tuple[ModelConfig, TrainConfig]:
    """The named preset, or an InputError that lists the names."""
    if name not in PRESETS:
        raise InputError(f"preset {name!r} is unknown; use one of {', '.join(PRESETS)}")
    return PRESETS[name]


def to_json(config: ModelConfig | TrainConfig) -> str:
    """A config as one JSON object, a key a field."""
    return json.dumps(dataclasses.asdict(config))


def from_json(kind: type, text: str):
    """The inverse of `to_json`. Unknown and missing keys are errors: a config is read whole or not at all.

    The keys of LATER are the exception: a file from before they were there was made as their defaults say.
    """
    given = json.loads(text)
    fields = {field.name for field in dataclasses.fields(kind)}
    if not fields - LATER <= set(given) <= fields:
        raise InputError(
            f"{kind.__name__}: unknown keys {sorted(set(given) - fields)}, missing keys {sorted(fields - LATER - set(given))}; "
            "this run was made by another version of the project"
        )
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in given.items()})

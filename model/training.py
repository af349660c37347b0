"""One step of either phase of training: Algorithms 1 and 2, put right."""

import math
from collections.abc import Callable
from contextlib import nullcontext

import torch
from torch import Tensor, nn

from model import losses
from model.config import ModelConfig, TrainConfig
from model.networks import CONDITIONAL, REFERENCE, build


class Phase:
    """The four networks of a phase with an Adam each, and how a step changes them.

    Parameters
    ----------
    name : "r", the reference model on x_r (Algorithm 1), or "rs", the conditional model on x_rs (Algorithm 2).
    """

    def __init__(self, name: str, model_config: ModelConfig, config: TrainConfig, device: torch.device):
        self.name, self.config = name, config
        self.refined_share = config.refined_share_r if name == "r" else config.refined_share_rs
        self.n_structures, self.n_latent = model_config.n_structures, model_config.n_latent
        self.refining = False
        self.symbols = {"r": REFERENCE, "rs": CONDITIONAL}[name]
        built = [build(symbol, model_config).to(device, memory_format=torch.channels_last_3d) for symbol in self.symbols]
        self.networks = dict(zip(self.symbols, built, strict=True))
        self.Enc, self.Dec, self.EncD, self.DecD = built
        self.adam = {
            symbol: torch.optim.Adam(network.parameters(), lr=self._lr(symbol), betas=config.betas)
            for symbol, network in self.networks.items()
        }
        weight = torch.tensor([1.0, config.structure_weight, 1.0])
        self.weight = (weight / weight.mean()).to(device) if name == "rs" and config.structure_weight != 1 else None
        half = config.precision == "bfloat16"
        self._precision = lambda: torch.autocast(device.type, torch.bfloat16) if half else nullcontext()

    def set_progress(self, fraction: float) -> None:
        """Set every learning rate for the step at `fraction`, 0 to 1, of the phase."""
        scale = (1 + math.cos(math.pi * fraction)) / 2 if self.config.lr_schedule == "cosine" else 1.0
        for symbol, adam in self.adam.items():
            adam.param_groups[0]["lr"] = scale * self._lr(symbol)

    def refine(self) -> None:
        """From now on Dec alone learns, from Enc as it is in eval mode: what Dec will be given once training is over."""
        self.refining = True
        self.Enc.eval()

    def _lr(self, symbol: str) -> float:
        return self.config.lr_EncD if symbol.startswith("EncD") else self.config.lr

    def step(
        self,
        x: Tensor,
        y: Tensor,
        z_r: Tensor | None = None,
        stage: Tensor | None = None,
        reduce: Callable[[nn.Module], None] | None = None,
    ) -> dict:
        """Change all four networks by one mini-batch.

        Parameters
        ----------
        x : images (B, 2 or 3, Z, Y, X) in [0, 1].
        y : structure classes (B,); the reference model does not look at them.
        z_r : (B, n) from the frozen Enc_r; phase "rs" only.
        stage : (B,) stages, losses.UNKNOWN_STAGE where nobody annotated them; phase "r" with gamma_stage only.
        reduce : called on a network when its gradient is complete, before it is used: averages over processes.

        Returns every loss by name, as Python floats.
        """
        if self.refining:
            return self._refined_step(x, y, z_r, reduce)
        config = self.config
        with self._precision():
            if self.name == "r":
                y = torch.zeros_like(y)
                z = self.Enc(x)
                x_hat = self.Dec(self._noisy(z))
            else:
                y_logits, z_r_hat, z = self.Enc(self._blurred(x))
                x_hat = self.Dec(*self._given(y_logits.softmax(1), z_r_hat, y, z_r), self._noisy(z))

        with self._precision():
            judged = self.EncD(torch.randn_like(z)), self.EncD(z.detach())
        L_EncD = losses.encoding_discriminator(*judged, y)
        self._update(L_EncD, self.symbols[2], reduce)

        # With gamma_Dec = 0 nothing that DecD learns could reach Dec: leave out its five passes, most of a step's cost.
        L_DecD = x_gen = None
        if config.gamma_Dec > 0:
            x_gen, y_gen, L_DecD = self._discriminate(x, x_hat, y, reduce)

        terms = self._image_terms(x_hat, x)
        if self.name == "rs":
            terms["L_y"] = (config.gamma_y, losses.structure_class(y_logits, y))
            terms["L_z_r"] = (config.gamma_z_r, losses.shape_estimate(z_r_hat, z_r))
        with self._precision():
            judged = self.EncD(z)
        terms["L_Enc_adversary"] = (config.gamma_Enc, losses.encoder_adversary(judged))
        if self.name == "r" and config.gamma_stage > 0 and stage is not None:
            terms["L_stage"] = (config.gamma_stage, losses.stage(self.Enc.stage(z), stage))
        if config.gamma_correlation > 0:
            terms["L_correlation"] = (config.gamma_correlation, losses.correlation(z))
        loss = sum(gamma * term for gamma, term in terms.values())
        values = {name: term for name, (_, term) in terms.items()} | {"L_EncD": L_EncD}

        # All gradients before any update: stepping Enc first would change weights that Dec's second backward pass needs.
        # `inputs` is the routing: DecD's gradient goes to Dec alone, and neither discriminator learns from fooling itself.
        enc, dec = list(self.Enc.parameters()), list(self.Dec.parameters())
        for symbol in self.symbols[:2]:
            self.adam[symbol].zero_grad(set_to_none=True)
        loss.backward(inputs=enc + dec, retain_graph=x_gen is not None)
        if x_gen is not None:
            adversary_x = self._adversary(x_hat, x_gen, y, y_gen)
            (config.gamma_Dec * adversary_x).backward(inputs=dec)
            values["L_Dec_adversary"] = adversary_x
        for symbol, network in zip(self.symbols[:2], (self.Enc, self.Dec), strict=True):
            if reduce:
                reduce(network)
            self.adam[symbol].step()

        if L_DecD is not None:
            values["L_DecD"] = L_DecD
        return {name: value.item() for name, value in values.items()}

    def _refined_step(self, x: Tensor, y: Tensor, z_r: Tensor | None, reduce: Callable[[nn.Module], None] | None) -> dict:
        """Change Dec alone, by what is seen in its images; DecD, which judges them, where gamma_Dec_refined asks for it."""
        x_hat = self.decoded(x, y, z_r)
        y = torch.zeros_like(y) if self.name == "r" else y
        terms = self._image_terms(x_hat, x)
        others = {}
        if self.config.gamma_Dec_refined > 0:
            x_gen, y_gen, others["L_DecD"] = self._discriminate(x, x_hat, y, reduce)
            terms["L_Dec_adversary"] = (self.config.gamma_Dec_refined, self._adversary(x_hat, x_gen, y, y_gen))
        self._update(sum(gamma * term for gamma, term in terms.values()), self.symbols[1], reduce)
        return {name: value.item() for name, value in ({name: term for name, (_, term) in terms.items()} | others).items()}

    def decoded(self, x: Tensor, y: Tensor, z_r: Tensor | None) -> Tensor:
        """What Dec makes of what Enc, which does not learn from it, says of x."""
        with self._precision():
            with torch.no_grad():
                encoded = self.Enc(x)
            if self.name == "r":
                return self.Dec(self._noisy(encoded))
            y_logits, z_r_hat, z_s = encoded
            return self.Dec(*self._given(y_logits.softmax(1), z_r_hat, y, z_r), self._noisy(z_s))

    @torch.no_grad()
    def go_back(self, Dec_before: dict[str, Tensor]) -> None:
        """Leave Dec `refined_share` of its phase of the way from the weights it had before it was refined to those it has."""
        for name, now in self.Dec.state_dict().items():
            if now.is_floating_point():
                now.copy_(torch.lerp(Dec_before[name].to(now.device), now, self.refined_share))

    def _discriminate(
        self, x: Tensor, x_hat: Tensor, y: Tensor, reduce: Callable[[nn.Module], None] | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Generate as many cells as x has and teach DecD to tell them, and reconstructions, from x: x_gen, y_gen, L_DecD."""
        with self._precision():
            if self.name == "r":
                y_gen = torch.zeros_like(y)
                x_gen = self.Dec(torch.randn(len(x), self.n_latent, device=x.device))
            else:
                y_gen = torch.randint(self.n_structures, y.shape, device=x.device)
                z_r, z_s = torch.randn(2, len(x), self.n_latent, device=x.device)
                x_gen = self.Dec(nn.functional.one_hot(y_gen, self.n_structures).float(), z_r, z_s)
            judged = self.DecD(x), self.DecD(x_hat.detach()), self.DecD(x_gen.detach())
        L_DecD = losses.decoding_discriminator(*judged, y)
        self._update(L_DecD, self.symbols[3], reduce)
        return x_gen, y_gen, L_DecD

    def _adversary(self, x_hat: Tensor, x_gen: Tensor, y: Tensor, y_gen: Tensor) -> Tensor:
        """What DecD, as it now is, has against reconstructed and generated cells."""
        with self._precision():
            judged_rec, judged_gen = self.DecD(x_hat), self.DecD(x_gen)
        return losses.decoder_adversary(judged_rec, y, judged_gen, y_gen)

    def _image_terms(self, x_hat: Tensor, x: Tensor) -> dict[str, tuple[float, Tensor]]:
        """(weight, loss) by name of what is seen in the images."""
        terms = {"L_x": (1.0, losses.reconstruction(x_hat, x, self.weight))}
        if self.config.gamma_contrast > 0:
            offset = tuple(torch.randint(8, (3,)).tolist())  # of windows: none of their edges stays in one place
            terms["L_contrast"] = (self.config.gamma_contrast, losses.contrast(x_hat, x, offset))
        return terms

    def _blurred(self, x: Tensor) -> Tensor:
        """x as Enc_rs is given it: a share `blur` of the cells between sharp and the mean of 3 x 3 x 3 voxels."""
        if self.config.blur == 0:
            return x
        share = torch.rand(len(x), device=x.device) * (torch.rand(len(x), device=x.device) < self.config.blur)
        smooth = nn.functional.avg_pool3d(x, 3, 1, 1)
        return torch.lerp(x, smooth, share[:, None, None, None, None])

    def _noisy(self, z: Tensor) -> Tensor:
        """z as Dec is given it."""
        return z + self.config.z_noise * torch.randn_like(z) if self.config.z_noise > 0 else z

    def _given(self, y_hat: Tensor, z_r_hat: Tensor, y: Tensor, z_r: Tensor) -> tuple[Tensor, Tensor]:
        """y and z_r as Dec_rs is given them: Enc_rs's estimates, or for a share `p_given` of cells what Algorithm 3 gives."""
        if self.config.p_given == 0:
            return y_hat, z_r_hat
        given = (torch.rand(len(y), device=y.device) < self.config.p_given).unsqueeze(1)
        return torch.where(given, nn.functional.one_hot(y, self.n_structures), y_hat), torch.where(given, z_r, z_r_hat)

    def _update(self, loss: Tensor, symbol: str, reduce: Callable[[nn.Module], None] | None) -> None:
        """Descend `loss` in one network of this phase alone."""
        self.adam[symbol].zero_grad(set_to_none=True)
        loss.backward(inputs=list(self.networks[symbol].parameters()))
        if reduce:
            reduce(self.networks[symbol])
        self.adam[symbol].step()

    @torch.inference_mode()
    def held_out(self, x: Tensor, y: Tensor, z_r: Tensor | None = None) -> dict:
        """Losses of one batch of cells that are not trained on, networks in eval mode; `accuracy` in phase "rs"."""
        for network in (self.Enc, self.Dec):
            network.eval()
        with self._precision():
            if self.name == "r":
                x_hat = self.Dec(self.Enc(x))
            else:
                y_logits, z_r_hat, z_s = self.Enc(x)
                x_hat = self.Dec(y_logits.softmax(1), z_r_hat, z_s)
        values = {"L_x": losses.reconstruction(x_hat, x)}
        if self.name == "rs":
            values |= {
                "L_y": losses.structure_class(y_logits, y),
                "L_z_r": losses.shape_estimate(z_r_hat, z_r),
                "accuracy": (y_logits.argmax(1) == y).float().mean(),
            }
        self.Enc.train(not self.refining)
        self.Dec.train()
        return {name: value.item() for name, value in values.items()}

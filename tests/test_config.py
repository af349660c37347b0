"""Configs are read whole or not at all; presets are what the documents say."""

import json

import pytest

from model.config import LATER, PRESETS, ModelConfig, TrainConfig, from_json, preset, to_json
from model.errors import InputError


@pytest.mark.parametrize("name", PRESETS)
def test_json_round_trip(name):
    model_config, train_config = preset(name)
    assert from_json(ModelConfig, to_json(model_config)) == model_config
    assert from_json(TrainConfig, to_json(train_config)) == train_config


def test_paper_preset_is_the_papers():
    model_config, train_config = preset("paper")
    assert model_config.grid == (64, 96, 128)
    assert model_config.sizes[-1] == (1, 1, 2)
    assert (train_config.lr, train_config.lr_EncD, train_config.batch_size) == (2e-4, 1e-2, 30)
    assert (train_config.gamma_Enc, train_config.gamma_Dec) == (1e-4, 1e-5)


@pytest.mark.parametrize("kind", [ModelConfig, TrainConfig])
def test_a_file_from_before_a_field_means_its_default(kind):
    given = json.loads(to_json(kind()))
    assert from_json(kind, json.dumps({key: value for key, value in given.items() if key not in LATER})) == kind()
    gone = next(iter(given))
    with pytest.raises(InputError, match=rf"missing keys \['{gone}'\]"):
        from_json(kind, json.dumps({key: value for key, value in given.items() if key != gone}))


def test_by_default_nothing_is_added_to_the_paper():
    nothing = {False, 1.0}
    assert all(getattr(kind(), name) in nothing for kind in (ModelConfig, TrainConfig) for name in LATER & set(vars(kind())))


def test_wrong_input_is_named():
    with pytest.raises(InputError, match="preset 'huge' is unknown; use one of tiny, demo, paper, full"):
        preset("huge")
    with pytest.raises(InputError, match=r"unknown keys \['colour'\]"):
        from_json(ModelConfig, '{"colour": 1}')
    with pytest.raises(InputError, match="too small for 6 stride-2 stages"):
        ModelConfig(grid=(32, 48, 64))
    with pytest.raises(InputError, match="precision 'float8'"):
        TrainConfig(precision="float8")
    for field, value in {"z_noise": -0.1, "gamma_contrast": -1, "blur": 1.5, "p_given": -0.5, "real_copies": 0}.items():
        with pytest.raises(InputError, match=f"{field} {value} is"):
            TrainConfig(**{field: value})
    with pytest.raises(InputError, match="BatchNorm needs at least 2"):
        TrainConfig(batch_size=1)

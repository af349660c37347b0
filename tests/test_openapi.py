"""The API against its own OpenAPI document: everything that it allows is asked, and much that it does not."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from app.server import make_server
from model.latent import PATHS
from tests.serving import serving
from tests.stub_decoder import StubDecoder

N_REQUESTS = 5000
COSTLY = ("/api/walks/", "/api/scripts/", "/api/exports/")  # or with little to be varied: asked less
MOST_FRAMES = 3  # of a walk: a film of hundreds is no other question
# Not among them: that whatever has the right types is accepted. A recipe is a language; no schema says what it means.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def url(atlas, tmp_path_factory):
    app = make_server([atlas], decoder=StubDecoder(atlas.config.grid), cache_dir=tmp_path_factory.mktemp("cache"))
    with serving(app.server) as url:
        yield url


def recipes(atlas):
    """Recipes that mean something here, and as many that nearly do."""
    ids, genes = st.sampled_from(list(atlas.cells["cell_id"])), [s.gene for s in atlas.structures]
    structures = st.lists(st.sampled_from(genes), min_size=1, max_size=4, unique=True).map(",".join)
    number, seeds = st.floats(-50, 50).map("{:.3f}".format), st.integers(0, 2**32 - 1).map(str)
    literal = st.lists(number, min_size=atlas.config.n_latent, max_size=atlas.config.n_latent).map(",".join)
    cell = ids.map("cell:{}".format)
    shape = st.one_of(
        cell,
        st.builds("path:{}:{},{}@{:.3f}".format, st.sampled_from(list(PATHS)), ids, ids, st.floats(0, 1)),
        st.builds("map:z_r:{},{}".format, number, number),
        seeds.map("prior:{}".format),
        literal.map("z_r:{}".format),
    )
    z_s = st.one_of(seeds.map("seed:{}".format), cell, literal, st.builds("map:{},{}".format, number, number), st.just("0"))
    deviation = st.builds("value=sd:{}:{}".format, st.integers(2, 5), seeds)
    means_something = st.one_of(
        cell.map("show=reconstructed;shape={}".format),
        st.builds("show=predicted;shape={};structures={};z_s={}".format, shape, structures, z_s),
        st.builds("show=predicted;shape={};structures={};{}".format, shape, structures, deviation),
    )
    wrong = st.sampled_from([("cell:", "cell:no"), ("=", ""), (";", ";;"), ("show=", "atlas=000000000000;show="), ("1", "nan")])
    return means_something | st.builds(lambda recipe, change: recipe.replace(*change), means_something, wrong)


def test_5000_requests_and_no_surprise(url, atlas):
    schema = schemathesis.openapi.from_url(f"{url}/api/openapi.json")
    operations = [result.ok() for result in schema.get_all_operations()]
    known = {
        "recipe": recipes(atlas),
        "cell_id": st.sampled_from(list(atlas.cells["cell_id"])),
        "atlas_id": st.just(atlas.atlas_id),
    }
    known["file"] = st.sampled_from(["zarr.json", ".zattrs", "0/.zarray", "0/c/0/0/0/0", "0/0/0/0/0", "0.5/zarr.json", "none"])
    statuses: list[int] = []
    for operation in operations:
        either = operation.as_strategy() | operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)

        n_examples = N_REQUESTS // (100 if operation.path.startswith(COSTLY) else 14)

        @seed(1)
        @settings(
            max_examples=n_examples,  # five operations have little to be varied
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=either, data=st.data())
        def ask(case, data):
            for name in set(known) & set(case.path_parameters or {}):
                if data.draw(st.integers(0, 3)):
                    case.path_parameters[name] = data.draw(known[name])
            if case.operation.path.startswith("/api/walks/") and isinstance((case.query or {}).get("n"), int):
                case.query["n"] = min(case.query["n"], MOST_FRAMES)
            response = case.call()
            statuses.append(response.status_code)
            case.validate_response(response, checks=CHECKS)

        ask()
    print({status: statuses.count(status) for status in sorted(set(statuses))})
    assert len(statuses) >= N_REQUESTS
    assert statuses.count(200) > len(statuses) / 5, "most of what was asked was nonsense"

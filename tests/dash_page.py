"""A page of Dash without a browser: calls callbacks and follows jobs as Dash's own JavaScript does."""

import json
import time
from typing import Any

import httpx


class DashPage:
    """One page load of the explorer at `url`; requests may go to another server of the same page (`via`)."""

    def __init__(self, url: str):
        self.http = httpx.Client(timeout=60)
        self.url = url
        html = self.http.get(url).text
        config = json.loads(html.split('<script id="_dash-config" type="application/json">')[1].split("</script>")[0])
        self.end_id = config["end_id"]
        self.callbacks = self.http.get(f"{url}/_dash-dependencies").json()

    def close(self) -> None:
        self.http.close()

    def call(self, changed: str, values: dict[str, Any], output: str | None = None, via: str = "", **handles) -> httpx.Response:
        """Call the callback that `changed` ("id.property") triggers; `output` tells those apart that share it.

        handles : cacheKey, job, cancelJob of a job that runs.
        """
        component, _, prop = changed.rpartition(".")
        trigger = {"id": component, "property": prop}
        (spec,) = [
            spec
            for spec in self.callbacks
            if trigger in spec["inputs"]
            and not spec.get("clientside_function")
            and (output is None or output in spec["output"])
        ]
        names = spec["output"].strip(".").split("...") if spec["output"].startswith("..") else [spec["output"]]
        outputs = [dict(zip(("id", "property"), name.rsplit(".", 1), strict=True)) for name in names]
        body = {
            "output": spec["output"],
            "outputs": outputs if len(names) > 1 else outputs[0],
            "inputs": [one | {"value": values.get(f"{one['id']}.{one['property']}")} for one in spec["inputs"]],
            "state": [one | {"value": values.get(f"{one['id']}.{one['property']}")} for one in spec["state"]],
            "changedPropIds": [changed],
        }
        query = {"endId": self.end_id, **handles}
        return self.http.post(f"{via or self.url}/_dash-update-component", params=query, json=body)


class Job:
    """A background callback that was started: `poll` until `answer` is there."""

    def __init__(self, page: DashPage, changed: str, values: dict[str, Any], output: str):
        self.page, self.changed, self.values, self.output = page, changed, values, output
        started = page.call(changed, values, output).json()
        self.handles = {"cacheKey": started["cacheKey"], "job": started["job"]}
        self.told: list[dict] = []  # progress
        self.answer: dict | None = None

    def poll(self, via: str = "") -> bool:
        """Ask once; whether it is over."""
        got = self.page.call(self.changed, self.values, self.output, via, **self.handles)
        if got.status_code == 204:
            self.answer = {}
            return True
        body = got.json()
        if "progress" in body:
            self.told.append(body["progress"])
        if "response" in body:
            self.answer = body["response"]
        return self.answer is not None

    def follow(self, until=lambda job: False, vias: tuple[str, ...] = ("",), limit_s: float = 60) -> None:
        """Poll, by each address in turn, until it is over or `until` is true."""
        end, k = time.monotonic() + limit_s, 0
        while not self.poll(vias[k % len(vias)]) and not until(self):
            assert time.monotonic() < end, f"not over after {limit_s} s; told {self.told[-1:]}"
            time.sleep(0.05)
            k += 1

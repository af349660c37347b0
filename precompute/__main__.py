"""`python -m precompute JOB`: the offline jobs, one module a job."""

import argparse
import importlib
import sys

from model.errors import InputError

JOBS = {
    "simulate": "precompute.simulate.job",
    "ingest": "precompute.ingest",
    "merge": "precompute.merge",
    "train": "precompute.train",
    "atlas": "precompute.atlas",
    "embed": "precompute.embed",
    "projection": "precompute.projection",
    "medoids": "precompute.medoids",
    "variation": "precompute.variation",
    "evaluate": "precompute.evaluate",
    "pictures": "precompute.pictures",
    "observed": "precompute.observed",
    "report": "precompute.report.job",
}


def main(argv: list[str] | None = None) -> int:
    """Run one job. Each job module has `HELP`, `add_arguments(parser)` and `run(**arguments)`.

    Returns 0, 2 for bad input (one line on standard error), 130 after Ctrl-C.
    """
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="python -m precompute", description="Offline jobs: cells -> model -> atlas.")
    jobs = parser.add_subparsers(dest="job", required=True, metavar="JOB")
    # Import only the job that was asked for: torch and umap take seconds. Help lists all of them.
    asked = argv[0] if argv and argv[0] in JOBS else None
    for name, module_name in JOBS.items():
        if asked in (name, None):
            module = importlib.import_module(module_name)
            module.add_arguments(jobs.add_parser(name, help=module.HELP, description=module.__doc__))
    arguments = vars(parser.parse_args(argv))
    job = importlib.import_module(JOBS[arguments.pop("job")])
    try:
        job.run(**arguments)
    except InputError as error:
        print(f"precompute {asked}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"precompute {asked}: stopped; run the same command again to go on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The command line: `python -m dfdc_utils COMMAND`, each command with a `--help` of its own."""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from dfdc_utils import __version__, profiles, study
from dfdc_utils.models import WeightsUnavailable
from dfdc_utils.models.published import FORGERIES
from dfdc_utils.workspace import Workspace

_EXIT_STATUS = "Exit status: 0 all files were judged, 1 some were not, 2 nothing could be done, 130 interrupted."
_LIMITS = (
    "A score is a model's estimate for faces like those it was trained on, not proof: compression, light,\n"
    "make-up or a way of faking it has never seen mislead it. Do not accuse anyone on the strength of it."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit status.

    0: done. 1: a notebook failed, a video could not be judged, or the doctor found something. 2: the command
    could not be carried out as given. 130: interrupted.
    """
    options = _parser().parse_args(arguments)
    options.arguments = sys.argv[1:] if arguments is None else arguments
    # Before anything imports TensorFlow, whose start-up notes would bury what a command has to say.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        return options.command(options)
    except KeyboardInterrupt as interrupt:
        print(str(interrupt) or "Interrupted.", file=sys.stderr)
        return 130
    except study.StudyError as error:
        print(error, file=sys.stderr)
        return 1
    except (ValueError, OSError, WeightsUnavailable) as error:
        # What these say is meant for the person at the keyboard; anything else is a bug with its traceback.
        print(f"dfdc_utils: {error}", file=sys.stderr)
        return 2


def _study(options: argparse.Namespace) -> int:
    workspace = _workspace(options)
    if options.dry_run:
        from dfdc_utils.training import dry_run

        return 0 if dry_run.report(workspace) else 1
    if options.list:
        for name, state in study.listing(workspace, seeds=options.seeds):
            print(f"{name:<32}{state}")
    else:
        study.run(
            workspace, only=options.only, start=options.start, force=options.force, jobs=options.jobs,
            scheduler=options.scheduler, seeds=options.seeds, solutions=options.solutions,
        )
    return 0


def _make_mini(options: argparse.Namespace) -> int:
    from dfdc_utils.data import mini

    workspace = _workspace(options)
    if workspace.profile.source != "synthetic":
        raise ValueError(f"The profile {workspace.profile.name} reads real videos: there is nothing to draw.")
    print(mini.draw(options.out or workspace.synthetic, workspace.profile, workers=options.workers))
    return 0


def _extract(options: argparse.Namespace) -> int:
    from dfdc_utils.data import metadata
    from dfdc_utils.faces import extraction
    from dfdc_utils.faces.store import open_store

    workspace = _workspace(options)
    dataset = metadata.read(metadata.locate(workspace))
    if options.out is None:
        workspace.claim(dataset.root)
    for problem in dataset.problems.itertuples():
        print(f"{problem.problem}: {problem.part}/{problem.video}: {problem.detail}", file=sys.stderr)
    folder = options.out or open_store(workspace).folder
    account = extraction.extract(
        dataset.table,
        folder,
        workspace.profile,
        workers=options.workers,
        scheduler=options.scheduler,
        time_limit=options.time_limit or extraction.TIME_LIMIT,
        retry=options.retry,
    )
    print(account["outcome"].value_counts().to_string())
    print(f"{int(account['faces'].sum())} faces in {folder}")
    return 0


def _train_detector(options: argparse.Namespace) -> int:
    from dfdc_utils.train_detector import SETTINGS, STUDY, train_detector

    options.profile, options.name = "crops", options.name or STUDY
    options.settings = [*(f"{key}={value}" for key, value in SETTINGS.items()), *options.settings]
    command = shlex.join(["python", "-m", "dfdc_utils", *options.arguments])
    card = train_detector(_workspace(options), command=command, workers=options.workers)
    print(f"\n{card.read_text(encoding='utf-8')}\n{card}")
    return 0


def _predict(options: argparse.Namespace) -> int:
    from dfdc_utils.predict.command import predict

    if not options.files:
        # --model takes all that follows it.
        raise ValueError("No file is named. Put files before --model: predict clip.mp4 --model meso4.")
    return predict(
        options.files, _workspace(options), names=options.model, published=options.published, tta=options.tta,
        table=options.csv, document=options.json, report=options.report, workers=options.workers,
    )


def _cross_data(options: argparse.Namespace) -> int:
    from dfdc_utils.evaluation.cross_data import cross_data

    trained, tested = _workspace(options), Workspace.reopen(options.on)
    table = cross_data(trained, tested, names=options.model)
    shown = ["title", "own_auc", "auc", "auc_low", "auc_high", "balanced_accuracy", "log_loss"]
    first = table.iloc[0]
    print(f"Trained on {first.trained_on}, tested on {first.videos} videos of {first.tested_on}:")
    print(table[shown].to_string(index=False, float_format="{:.3f}".format, na_rep="-"))
    print(f"\nown_auc is that on the test split of {first.trained_on}. {first.left_out} videos were left out, since "
          f"their originals were trained on.\n{_LIMITS}")
    return 0


def _classroom(options: argparse.Namespace) -> int:
    from dfdc_utils.classroom import kit

    out = kit.make(_workspace(options), options.out, notebooks=options.notebooks, groups=options.groups)
    print(f"The kit is in {out}; begin with its README.md.")
    return 0


def _unpack(options: argparse.Namespace) -> int:
    from dfdc_utils.classroom import pack

    workspace = pack.unpack(options.pack, options.name)
    print(f"The study {workspace.name} is in {workspace.base}, its clips in {workspace.synthetic}.")
    return 0


def _report(options: argparse.Namespace) -> int:
    from dfdc_utils.explore import report

    workspace = _workspace(options)
    states = dict(study.listing(workspace))
    print(report.write(workspace, options.out or workspace.report, states))
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from dfdc_utils import environment

    return 0 if environment.doctor(_workspace(options)) else 1


def _workspace(options: argparse.Namespace) -> Workspace:
    changes = {}
    for setting in options.settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise ValueError(f"--set takes NAME=VALUE, such as --set epochs=3, not {setting!r}.")
        changes[key] = value
    if getattr(options, "data", None):
        # The variable reaches the notebooks' kernels too. Named data replaces what would be drawn.
        os.environ["DFDC_DATA"] = str(options.data.expanduser().resolve())
        if profiles.get(options.profile).source == "synthetic":
            changes.setdefault("source", "dfdc")
    return Workspace.open(options.profile, options.name, **changes)


def _parser() -> argparse.ArgumentParser:
    own = argparse.ArgumentParser(add_help=False)
    name = "of the study: its folder in runs/ (default: that of the profile, with that of named data)"
    own.add_argument("--name", metavar="NAME", help=name)
    own.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="replace one of the profile's numbers; may be given several times",
    )
    shared = argparse.ArgumentParser(add_help=False, parents=[own])
    names = ", ".join(profiles.names())
    shared.add_argument("--profile", default="mini", metavar="NAME", help=f"{names} (default: mini)")
    data = argparse.ArgumentParser(add_help=False)
    places = "root of the data set (default: $DFDC_DATA, what the study had before, Kaggle's mounts or data/)"
    data.add_argument("--data", type=Path, metavar="DIR", help=places)
    cluster = argparse.ArgumentParser(add_help=False)
    cluster.add_argument("--scheduler", metavar="ADDRESS", help="a Dask scheduler, such as tls://host:8786")
    workers = argparse.ArgumentParser(add_help=False)
    workers.add_argument("--workers", type=int, metavar="N", help="processes (default: one a core)")

    parser = argparse.ArgumentParser(prog="python -m dfdc_utils", description="Deepfake detection on DFDC.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    runner = commands.add_parser("study", parents=[shared, data, cluster], help="run the notebooks")
    runner.add_argument("--only", nargs="+", default=[], metavar="NN", help="these notebooks, such as 07")
    runner.add_argument("--from", dest="start", metavar="NN", help="leave out the notebooks before this one")
    again = "train and evaluate with each of these training seeds, for mean and deviation, such as 2022 1 2"
    runner.add_argument("--seeds", nargs="+", type=int, default=[], metavar="N", help=again)
    runner.add_argument("--force", action="store_true", help="run, and train, also what has not changed")
    solved = "run the solutions of exercises, and their checks, too"
    runner.add_argument("--solutions", action="store_true", help=solved)
    kernels = "kernels at a time (default: one a GPU, or as many as have a core and 2 GB each)"
    runner.add_argument("--jobs", type=int, metavar="N", help=kernels)
    runner.add_argument("--list", action="store_true", help="say what would run, and why; run nothing")
    dry = "build each model at full size, take two steps on made-up faces, report memory and speed; run nothing"
    runner.add_argument("--dry-run", action="store_true", help=dry)
    runner.set_defaults(command=_study)

    make_mini = commands.add_parser("make-mini", parents=[shared, workers], help="draw the synthetic DFDC")
    make_mini.add_argument("--out", type=Path, metavar="DIR", help="where to (default: data/<profile>)")
    make_mini.set_defaults(command=_make_mini)

    extract = commands.add_parser("extract", parents=[shared, data, cluster, workers], help="cut out faces")
    extract.add_argument("--out", type=Path, metavar="DIR", help="face store (default: that of the study)")
    seconds = "that reading one video may take (default: 300)"
    extract.add_argument("--time-limit", type=float, metavar="SECONDS", help=seconds)
    extract.add_argument("--retry", action="store_true", help="try failed, crashed and timed out videos again")
    extract.set_defaults(command=_extract)

    trains = "train a detector for real faces on Kaggle's deepfake-faces (--data), and write its model card"
    detector = commands.add_parser("train-detector", parents=[own, data, workers], help=trains)
    detector.set_defaults(command=_train_detector)

    judges = "P(fake) of videos and photographs of yours, by trained models"
    predict = commands.add_parser("predict", parents=[shared, data, workers], help=judges, epilog=_EXIT_STATUS)
    what = "videos, photographs (JPEG, PNG, WebP), folders of them, or patterns in quotes"
    predict.add_argument("files", type=Path, nargs="*", metavar="FILE", help=what)
    best = "of this study, of another (STUDY/MODEL), or the best of one (STUDY); default: the best of this one"
    predict.add_argument("--model", nargs="+", metavar="NAME", help=best)
    weights = "meso4 or mesoinception4 as their authors trained them, on swapped (DF) or reenacted (F2F) faces"
    predict.add_argument("--published", choices=FORGERIES, help=weights)
    augmented = "look at each face in N more ways and take the mean (default: 0; without N: 4)"
    predict.add_argument("--tta", type=int, nargs="?", default=0, const=4, metavar="N", help=augmented)
    predict.add_argument("--csv", type=Path, metavar="FILE", help="write a table, a row for every file and model")
    lines = "write all that is known, for programs; one file a line if it is called .jsonl (- is the terminal)"
    predict.add_argument("--json", type=Path, metavar="FILE", help=lines)
    pages = "write a page for each file: player, P(fake) over time, faces, and what raised the score"
    predict.add_argument("--report", type=Path, metavar="DIR", help=pages)
    predict.set_defaults(command=_predict)

    cross = commands.add_parser("cross-data", parents=[shared, data], help="test one study's models on another's faces")
    cross.add_argument("--on", required=True, metavar="NAME", help="name of the study whose test split is judged")
    cross.add_argument("--model", nargs="+", metavar="NAME", help="default: every trained model")
    cross.set_defaults(command=_cross_data)

    classroom = commands.add_parser("classroom", parents=[shared], help="make what a class needs")
    classroom.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the kit")
    some = "these notebooks, such as 00 01 02 03 07 (default: all)"
    classroom.add_argument("--notebooks", nargs="+", default=[], metavar="NN", help=some)
    seeds = "so many groups get a study of their own: other people, other forgeries (default: none)"
    classroom.add_argument("--groups", type=int, default=0, metavar="N", help=seeds)
    classroom.set_defaults(command=_classroom)

    unpack = commands.add_parser("unpack", help="put the study of a kit's archive where notebooks find it")
    unpack.add_argument("pack", type=Path, metavar="ARCHIVE", help="pack/dfdc-....zip of a kit")
    unpack.add_argument("--name", metavar="NAME", help="for the study (default: its name in the archive)")
    unpack.set_defaults(command=_unpack)

    report = commands.add_parser("report", parents=[shared, data], help="write pages that open from disk")
    folder = "where to (default: report/ in the study's folder)"
    report.add_argument("--out", type=Path, metavar="DIR", help=folder)
    report.set_defaults(command=_report)

    doctor = commands.add_parser("doctor", parents=[shared, data], help="check what a study needs")
    doctor.set_defaults(command=_doctor)
    return parser

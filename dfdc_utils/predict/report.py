"""A page for each file: what is said of it, where, when, and what raised the score. It needs no network to be read."""

import base64
import dataclasses
import hashlib
import io
import json
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from dfdc_utils.explain.over_time import OverTime, over_time
from dfdc_utils.faces import crops
from dfdc_utils.faces.previews import write_preview
from dfdc_utils.models.sequences import PADDING, padded
from dfdc_utils.plots import explanations
from dfdc_utils.plots.faces import face_strips
from dfdc_utils.predict.asked import Asked, explainer, network
from dfdc_utils.predict.files import Named
from dfdc_utils.predict.judge import Faces, Judgement, Look
from dfdc_utils.predict.output import LIMITS
from dfdc_utils.workspace import whole

INDEX = "index.html"
_EXPLAINED = 6
"""People of a file of whom pictures are made for each model: those with the highest scores."""
_PLAYED = ("h264", "vp8", "vp9", "av1")
"""Codecs that browsers play."""
_HERE = Path(__file__).parent
_HEAT = (
    "Orange places of a face raised the score, violet ones lowered it (Grad-CAM). That is where this network looked, "
    "not where the face was forged."
)


def page_name(file: Named) -> str:
    """Of the page of a file: like the file, and different for files of one name in different folders."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", file.path.stem)[:60].strip("-") or "file"
    return f"{stem}-{hashlib.sha256(file.shown.encode()).hexdigest()[:8]}.html"


def write_page(folder: Path, file: Named, judgement: Judgement) -> None:
    """Writes the page of one file, and a small copy of what is played in it, into `folder`; names it in its row."""
    row = judgement.row
    row["page"] = name = page_name(file)
    parts = [f"<h1>{escape(row['file'])}</h1>", _verdicts(row)]
    data: dict[str, Any] = {"people": []}
    if judgement.look and row["status"] == "ok":
        explained = [_explained(faces) for faces in judgement.faces]
        data = _data(row, judgement, explained)
        media = _media(folder, file, judgement.look, name.removesuffix(".html"))
        parts += [_player(media, row, judgement), _people(row), *_pictures(row, judgement.faces, explained)]
    parts += [_left_out(row), _told([faces.asked for faces in judgement.faces])]
    _write(folder / name, row["file"], parts, data)


def write_index(folder: Path, rows: Sequence[dict[str, Any]], asked: Sequence[Asked]) -> Path:
    """Writes the page that leads to the others."""
    heads = "".join(f"<th colspan=2>{escape(model.name)}</th>" for model in asked)
    lines = []
    for row in rows:
        name = escape(row["file"])
        link = f'<a href="{escape(row["page"])}">{name}</a>' if "page" in row else name
        cells = "".join(_score_cells(row["scores"].get(model.name)) for model in asked)
        lines.append(f'<tr><td class=name>{link}</td>{cells}<td>{escape(row["reason"] or "")}</td></tr>')
    table = f"<table><tr><th>file</th>{heads}<th></th></tr>{''.join(lines)}</table>"
    _write(folder / INDEX, "Judged files", ["<h1>Judged files</h1>", table, _told(asked)], {"people": []})
    return folder / INDEX


def _write(path: Path, title: str, parts: Sequence[str], data: dict[str, Any]) -> None:
    style, script = ((_HERE / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    # Nothing in it can end the element.
    content = json.dumps(data).replace("<", "\\u003c")
    page = (
        f'<!DOCTYPE html>\n<html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>\n'
        f'<meta name="viewport" content="width=device-width"><style>{style}</style>\n{"".join(parts)}\n'
        f'<p class=limits>{escape(LIMITS)}</p>\n<script type="application/json" id="data">{content}</script>\n'
        f"<script>{script}</script></html>\n"
    )
    with whole(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _score_cells(score: dict[str, Any] | None) -> str:
    if score is None:
        return "<td></td><td class='verdict none'>not judged</td>"
    return (
        f"<td class=number>{score['p_fake']:.3f}</td>"
        f"<td class='verdict {score['verdict']}'>{score['verdict']}</td>"
    )


def _verdicts(row: dict[str, Any]) -> str:
    if row["status"] != "ok":
        return f"<p>Not judged: {escape(row['reason'] or '')}. {escape(row['hint'] or '')}</p>"
    lines = "".join(
        f"<tr><td>{escape(name)}</td>{_score_cells(score)}<td class=number>{score['faces']}</td></tr>"
        for name, score in row["scores"].items()
    )
    return f"<table><tr><th>model</th><th>P(fake)</th><th>verdict</th><th>faces looked at</th></tr>{lines}</table>"


def _people(row: dict[str, Any]) -> str:
    lines = []
    for person in row["people"]:
        seen = "" if row["kind"] == "photograph" else f"{person['from']:.1f} to {person['to']:.1f} s"
        cells = "".join(_score_cells(person["scores"].get(name)) for name in row["scores"])
        lines.append(
            f"<tr><td>person {person['person']}</td><td>{person['shot']}</td><td>{seen}</td>"
            f"<td class=number>{person['frames']} of {row['frames_seen']}</td>{cells}</tr>"
        )
    heads = "".join(f"<th colspan=2>{escape(name)}</th>" for name in row["scores"])
    return (
        "<h2>People</h2><table><tr><th></th><th>shot</th><th>seen</th><th>found in frames</th>"
        f"{heads}</tr>{''.join(lines)}</table>"
    )


def _left_out(row: dict[str, Any]) -> str:
    told = [f"{part['what']}: {part['why']}." for part in row["left_out"]] + row["notes"]
    if not told:
        return ""
    lines = "".join(f"<li>{escape(part)}</li>" for part in told)
    return f"<h2>What was left out, and what to know</h2><ul>{lines}</ul>"


def _told(asked: Sequence[Asked]) -> str:
    return "".join(f"<p class=small>{escape(model.told())}</p>" for model in asked)


def _explained(faces: Faces) -> dict[int, OverTime]:
    """By person, what the model says of each face, and where it looks."""
    asked, rows = faces.asked, faces.rows.reset_index(drop=True)
    result = {}
    for track, of_person in rows.groupby("track"):
        pixels = faces.pixels[of_person.index]
        if asked.sequences:
            places = np.append(np.arange(len(pixels)), np.full(asked.looks - len(pixels), PADDING))
            pixels = padded(pixels, places[None])
        found = over_time(network(asked), explainer(asked), pixels, of_person["seconds"].tolist())
        result[int(track) + 1] = dataclasses.replace(found, p_fake=asked.probability(found.p_fake))
    return result


def _data(row: dict[str, Any], judgement: Judgement, explained: list[dict[int, OverTime]]) -> dict[str, Any]:
    """What the page's script draws."""
    look = judgement.look
    assert look is not None
    people = []
    for person, track in zip(row["people"], look.people, strict=True):
        boxes = [[look.frames.seconds[frame], *map(float, face.box)] for frame, face in
                 zip(track.frames, track.detections, strict=True)]
        curves = {
            faces.asked.name: np.column_stack([over[person["person"]].seconds, over[person["person"]].p_fake]).tolist()
            for faces, over in zip(judgement.faces, explained, strict=True)
        }
        people.append({"person": person["person"], "looks": boxes, "curves": curves})
    gaps = np.diff(look.frames.seconds)
    return {
        "width": row["width"], "people": people, "seconds": max(row["seconds"], look.frames.seconds[-1]),
        "reach": 0.8 * float(np.median(gaps)) if len(gaps) else 0.0,
    }


def _media(folder: Path, file: Named, look: Look, stem: str) -> str | None:
    """What is shown of the file: an address, relative to the page; None where no browser could play it."""
    if look.frames.info.frames == 1:
        target = folder / "media" / f"{stem}.jpg"
        with whole(target) as temporary:
            temporary.write_bytes(crops.encode(look.frames.images[0]))
    elif look.whole:
        target = folder / "media" / f"{stem}.mp4"
        write_preview(file.path, target)
    else:
        # An hour is not copied.
        return file.path.resolve().as_uri() if look.frames.info.codec in _PLAYED else None
    return f"media/{target.name}"


def _player(media: str | None, row: dict[str, Any], judgement: Judgement) -> str:
    if row["kind"] == "photograph":
        return f'<div class=stage><img src="{escape(media or "")}" alt="the photograph"><canvas></canvas></div>'
    options = "".join(f"<option>{escape(faces.asked.name)}</option>" for faces in judgement.faces)
    why = " hidden" if media else ""
    return (
        f'<div class=stage><video controls muted playsinline preload="auto" src="{escape(media or "")}"></video>'
        f"<canvas></canvas></div><p id=unplayable{why}>This browser cannot play the video.</p>"
        f'<p><label>P(fake) over time, by <select id=model>{options}</select></label> '
        "<span class=small>A click goes to that moment.</span></p>"
        '<svg id="chart" viewBox="0 0 900 195" role="img" aria-label="P(fake) of each face over time"></svg>'
    )


def _pictures(row: dict[str, Any], of_models: list[Faces], explained: list[dict[int, OverTime]]) -> list[str]:
    """Faces and heat maps of those who have the highest scores."""
    parts = []
    for faces, of_people in zip(of_models, explained, strict=True):
        name = faces.asked.name
        ranked = sorted(row["people"], key=lambda person: -person["scores"][name]["p_fake"])[:_EXPLAINED]
        parts.append(f"<h2>What {escape(name)} saw</h2><p class=small>{_HEAT}</p>")
        for person in ranked:
            number, over = person["person"], of_people[person["person"]]
            title = f"person {number}: P(fake) {person['scores'][name]['p_fake']:.3f}"
            alt = f"Faces of person {number}, P(fake) of each, and where they raised it"
            # Few faces would be blown up.
            if len(over.faces) >= 4:
                figures = [explanations.over_time(over, title=title)]
            else:
                figures = [face_strips({title: over.faces}), explanations.heat_maps({title: (over.faces, over.heat)})]
            parts.append("<figure>" + "".join(_image(figure, alt) for figure in figures) + "</figure>")
        if len(row["people"]) > len(ranked):
            parts.append(f"<p>No pictures are made of {len(row['people']) - len(ranked)} people with lower scores.</p>")
    return parts


def _image(figure: Figure, alt: str) -> str:
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return f'<img alt="{escape(alt)}" src="data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}">'

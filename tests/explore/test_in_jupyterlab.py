"""A person with a mouse and a keyboard, in a real JupyterLab and a real Chromium."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from explore_study import HOSTILE, MODEL
from in_browser import open_notebook, run_all_cells
from sklearn.metrics import balanced_accuracy_score, confusion_matrix

from dfdc_utils.explore import clips
from dfdc_utils.explore.spot_the_fake import read

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WAIT = 60_000
DRIFT = """() => { const [a, b] = [...document.querySelectorAll('VIEW .dx-player video')];
  return [a.currentTime, b.currentTime, a.paused]; }"""


@pytest.fixture(scope="module")
def page(browser, lab):
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.set_default_timeout(WAIT)
    page.alerts = []
    page.on("dialog", lambda dialog: (page.alerts.append(dialog.message), dialog.dismiss()))
    open_notebook(page, lab)
    # Nobody sees them all at once, and widgets below the fold would be left out.
    run_all_cells(page)
    page.wait_for_selector(".dx[data-view=game]", state="attached", timeout=3 * WAIT)
    yield page
    page.close()


def view(page, name):
    found = page.locator(f".dx[data-view={name}]")
    found.scroll_into_view_if_needed()
    return found


def names(found):
    return found.locator(".dx-pager tbody .dx-link").all_inner_texts()


def until(page, condition):
    for _ in range(300):
        if condition():
            return
        page.wait_for_timeout(100)
    raise AssertionError("It did not become so.")


def test_the_picture_gives_way_to_the_widget(page):
    browse = view(page, "browse")
    browse.locator("tbody tr").first.wait_for()
    until(page, lambda: not page.locator(".jp-OutputArea-child:has(.jp-RenderedImage)").first.is_visible())


def test_the_table_filters_sorts_and_opens(page, explored):
    browse = view(page, "browse")
    table = clips.of_study(explored).table
    browse.locator("tbody tr").first.wait_for()
    assert len(names(browse)) == len(table)
    browse.locator(".dx-scroll").click(position={"x": 3, "y": 3})
    page.keyboard.press("/")
    page.keyboard.type("fake test")
    expected = set(table.loc[(table["label"] == "FAKE") & (table["split"] == "test"), "video"])
    until(page, lambda: set(names(browse)) == expected)
    assert HOSTILE in names(browse)
    browse.get_by_role("button", name="P(fake)").click()
    until(page, lambda: browse.locator("th[aria-sort=descending]").count() == 1)
    numbers = [float(text) for text in browse.locator("tbody td.dx-number").all_inner_texts()]
    assert numbers == sorted(numbers, reverse=True)
    browse.locator("tbody .dx-link", has_text=HOSTILE).click()
    browse.locator("video").nth(1).wait_for()
    # What looks like markup was shown as text, and nothing of it ran.
    assert page.alerts == []
    assert page.locator("img[src='x']").count() == 0
    assert HOSTILE in browse.locator(".dx-figure .dx-name").all_inner_texts()


def test_both_players_run_in_step_and_stop_on_the_same_frame(page):
    browse = view(page, "browse")
    drift = DRIFT.replace("VIEW", ".dx[data-view=browse]")
    until(page, lambda: browse.locator("video").nth(1).evaluate("video => video.readyState") >= 2)
    browse.get_by_label("speed", exact=True).last.select_option("0.25")
    browse.locator(".dx-player").focus()
    page.keyboard.press(" ")
    until(page, lambda: page.evaluate(drift)[0] > 0.1)
    apart = []
    for _ in range(10):
        one, other, _ = page.evaluate(drift)
        apart.append(abs(one - other))
        page.wait_for_timeout(50)
    # One frame of thirty a second.
    assert np.median(apart) < 1 / 30
    page.keyboard.press("k")
    until(page, lambda: page.evaluate(drift)[2])
    page.keyboard.press("Home")
    until(page, lambda: page.evaluate(drift)[0] < 0.02)
    for _ in range(3):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(300)
    one, other, paused = page.evaluate(drift)
    assert paused and one == pytest.approx(other, abs=1e-3)
    assert int(one * 30 + 0.01) == 3


def test_the_difference_is_dark_but_for_the_forgery(page):
    browse = view(page, "browse")
    browse.locator(".dx-player").focus()
    page.keyboard.press("d")
    canvas = browse.locator("canvas.dx-difference")
    canvas.wait_for(state="visible")
    page.wait_for_timeout(300)
    brightness = canvas.evaluate("""canvas => {
      const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
      const light = []; for (let at = 0; at < data.length; at += 4) light.push(data[at] + data[at + 1] + data[at + 2]);
      light.sort((a, b) => a - b); return [light[light.length >> 1], light[light.length - 200]]; }""")
    assert brightness[0] < 15 < 40 < brightness[1]
    page.keyboard.press("d")


def test_a_heat_map_is_drawn_over_the_face(page):
    verdict = view(page, "verdict")
    verdict.locator("video").first.wait_for()
    verdict.get_by_label("Heat map of").select_option(MODEL)
    verdict.get_by_text("Orange speaks for FAKE").wait_for()
    painted = """canvas => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
      .data.some(value => value > 0)"""
    until(page, lambda: verdict.locator("canvas.dx-overlay").last.evaluate(painted))


def test_the_matrix_follows_the_threshold_and_lists_its_clips(page, explored):
    threshold = view(page, "threshold")
    every = clips.of_study(explored)
    keep = ((every.table["split"] == "test") & every.table["label"].notna()).to_numpy()
    labels, scores = every.table["label"][keep] == "FAKE", every.scores[MODEL][keep]
    for limit in (0.5, 0.8):
        slider = threshold.get_by_label("Threshold", exact=True)
        slider.focus()
        while abs(float(slider.input_value()) - limit) > 1e-6:
            slider.press("ArrowRight" if float(slider.input_value()) < limit else "ArrowLeft")
        called = scores >= limit
        expected = confusion_matrix(labels, called, labels=[False, True])
        found = [
            int(threshold.locator(f"[data-cell={truth}-{verdict}]").inner_text().split()[0])
            for truth in ("REAL", "FAKE") for verdict in ("REAL", "FAKE")
        ]
        assert found == expected.ravel().tolist()
        balanced = 100 * balanced_accuracy_score(labels, called)
        assert threshold.locator("[data-measure='balanced accuracy']").inner_text() == f"{balanced:.1f} %"
    truth, verdict = ("FAKE", "FAKE") if expected[1, 1] else ("FAKE", "REAL")
    threshold.locator(f"[data-cell={truth}-{verdict}]").click()
    wanted = every.table["video"][keep][labels & (called == (verdict == "FAKE"))]
    until(page, lambda: set(names(threshold)) == set(wanted))


def test_three_rounds_of_the_game_are_written_down(page, explored):
    game = view(page, "game")
    game.get_by_label("Nickname").fill("tester")
    game.get_by_role("button", name="play", exact=True).click()
    for number in range(1, 4):
        game.get_by_text(f"Round {number}", exact=True).wait_for()
        for question, key in (("Is it a fake?", "ArrowRight"), ("Do you change your mind?", "ArrowRight")):
            slider = game.get_by_label(question, exact=True)
            slider.focus()
            slider.press(key)
            slider.locator("xpath=ancestor::div[contains(@class,'dx-question')]").get_by_role("button").click()
        game.locator(".dx-truth").wait_for()
        if number < 3:
            game.get_by_role("button", name="next clip").click()
    answers = read(explored.game / "tester.csv")
    assert list(answers["first"]) == [0.51] * 3 and list(answers["revised"]) == [0.52] * 3
    right = 100 * (answers["truth"] == "FAKE").mean()
    assert game.locator(".dx-scores tbody tr").first.locator("td").nth(1).inner_text().startswith(f"{right:.1f} %")
    assert pd.read_csv(explored.game / "tester.csv").shape == (3, 10)


def test_the_class_figure_shows_who_played(page):
    """Runs the cell of section 7 again, after the game."""
    cell = page.locator(".jp-CodeCell:has-text('read_class(workspace)')").first
    cell.scroll_into_view_if_needed()
    cell.locator(".jp-InputArea-editor").click()
    page.keyboard.press("Control+Enter")
    cell.locator(".jp-OutputArea img").wait_for()
    rows = cell.locator(".jp-OutputArea table tbody tr")
    until(page, lambda: rows.count() == 3)
    # Who, mode, ... players: one person has played.
    assert all(cells[-2:-1] == ["1"] for cells in (row.split() for row in rows.all_inner_texts()))


def test_what_the_detector_rejected_is_shown(page, explored):
    faces = view(page, "faces")
    section = faces.get_by_label("Tracks of the clip")
    faces.locator(".dx-pager tbody .dx-link").first.click()
    section.get_by_text("main person").wait_for()
    section.get_by_role("button", name="what did the detector reject?").click()
    section.get_by_text("rejected (dashed)").wait_for()
    accepted = int(section.get_by_text("rejected (dashed)").inner_text().split()[0])
    assert accepted == section.locator("rect.dx-accepted").count() > 0


def test_a_clip_of_ones_own_is_judged_and_deleted(page, explored, tmp_path):
    table = clips.of_study(explored).table
    name = "<b>me.mp4"
    (tmp_path / name).write_bytes(Path(table["path"][table["outcome"] == "ok"].iloc[0]).read_bytes())
    own = view(page, "faces").get_by_label("A clip of your own", exact=True)
    own.locator("input[type=file]").set_input_files(tmp_path / name)
    own.get_by_text("never proof").wait_for()
    own.locator("video").first.wait_for()
    assert own.locator("li .dx-link").all_inner_texts() == [name]
    assert int(own.locator("li .dx-fact").inner_text().split()[0]) > 0
    before = [path for path in explored.uploads.rglob("*") if path.is_file()]
    own.get_by_role("button", name=f"Delete {name}").click()
    own.get_by_text("is deleted").wait_for()
    assert before and not own.locator("li").count()
    assert not any(path.suffix == ".mp4" for path in explored.uploads.rglob("*") if path.is_file())

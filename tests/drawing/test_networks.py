"""Diagrams of networks."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from nncli.drawing.layout import UNCUT, Cell, lay_out
from nncli.drawing.networks import Box, draw_network
from nncli.drawing.plan import HEIGHT, WIDTH, Plan, Point
from nncli.drawing.routes import routes

CHAIN = [(), *((number,) for number in range(60))]
# A block of a residual network whose shortcut has a layer, and one whose shortcut has none.
RESIDUAL = [(), (0,), (0,), (1,), (3, 2), (4,), (5,), (6, 4)]
SEEDS = range(40)


def tangle(seed: int) -> list[tuple[int, ...]]:
    """A network of chance: every box takes from one to three of those before it."""
    chance = random.Random(seed)
    sources: list[tuple[int, ...]] = [()]
    for number in range(1, chance.randint(2, 90)):
        near = range(max(0, number - 9), number)
        count = min(len(near), chance.choice([1, 1, 1, 2, 3]))
        sources.append(tuple(chance.sample(near, count)))
    return sources


@pytest.mark.parametrize("seed", SEEDS)
def test_every_box_has_a_place_of_its_own_behind_what_it_takes_from(seed: int) -> None:
    sources = tangle(seed)
    cells = lay_out(sources).cells
    assert len(set(cells)) == len(sources)
    for number, taken in enumerate(sources):
        for source in taken:
            before, behind = cells[source], cells[number]
            assert (before.column, before.row) < (behind.column, behind.row)


def test_branches_stand_beside_each_other_and_the_longest_goes_straight_down() -> None:
    cells = lay_out(RESIDUAL).cells
    assert [cell.row for cell in cells] == [0, 1, 1, 2, 3, 4, 5, 6]
    assert [cell.lane for cell in cells] == [0, 0, 1, 0, 0, 0, 0, 0]
    assert {cell.column for cell in cells} == {0}


def test_a_long_network_goes_on_in_the_next_column() -> None:
    placed = lay_out(CHAIN)
    assert placed.columns > 1
    assert placed.rows < len(CHAIN) / 2
    assert lay_out(CHAIN[:UNCUT]).columns == 1
    lengths = [sum(c.column == column for c in placed.cells) for column in range(placed.columns)]
    assert max(lengths) - min(lengths) <= 3


def test_a_column_ends_where_one_arrow_goes_on() -> None:
    sources = [(), (0,)]
    while len(sources) < 60:  # blocks of three with a shortcut around them, and one
        start = len(sources) - 1
        sources += [(start,), (start + 1,), (start + 2, start), (start + 3,)]
    cells = lay_out(sources).cells
    for column in range(1, cells[-1].column + 1):
        crossing = [
            (source, number)
            for number, taken in enumerate(sources)
            for source in taken
            if cells[source].column < column <= cells[number].column
        ]
        assert len(crossing) == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_arrows_go_from_box_to_box_and_down_beside_others(seed: int) -> None:
    placed = lay_out(tangle(seed))
    found = routes(placed)
    plan = Plan(placed, found)
    corners = {cell: plan.corner(cell) for cell in placed.cells}
    assert len(found) == sum(len(taken) for taken in placed.sources)
    for route in found:
        points = plan.points(route)
        assert touches(corners[route.source], points[0])
        assert touches(corners[route.target], points[-1])
        for (x, y), (other_x, other_y) in pairwise(points):
            assert x == other_x or y == other_y
            assert min(x, other_x) >= 0 and max(x, other_x) <= plan.width
            assert min(y, other_y) >= 0 and max(y, other_y) <= plan.height
            if x == other_x:
                low, high = sorted((y, other_y))
                for left, top in corners.values():
                    inside = left < x < left + WIDTH
                    assert not inside or high <= top + 1e-9 or low >= top + HEIGHT - 1e-9


def touches(corner: Point, point: Point) -> bool:
    """Whether a point is on the edge of a box."""
    x, y = point[0] - corner[0], point[1] - corner[1]
    at_side = min(abs(x), abs(x - WIDTH)) < 1e-9 and 0 <= y <= HEIGHT
    return at_side or (min(abs(y), abs(y - HEIGHT)) < 1e-9 and 0 <= x <= WIDTH)


@pytest.mark.parametrize("seed", SEEDS)
def test_arrows_of_different_boxes_do_not_lie_on_each_other_beside_a_lane(seed: int) -> None:
    placed = lay_out(tangle(seed))
    used: dict[tuple[int, int, int], list[tuple[int, int, Cell]]] = {}
    for route in routes(placed):
        if route.leaves is None:
            continue
        place = (route.source.column, route.source.lane, route.leaves)
        end = placed.rows if route.across is not None else route.target.row
        for start, stop, source in used.get(place, []):
            assert end <= start or route.source.row >= stop, (route.source, source)
        used.setdefault(place, []).append((route.source.row, end, route.source))


def boxes() -> list[Box]:
    names = ["input", "stem", "short", "first", "sum", "other", "second", "end & <$x$>"]
    return [
        Box(name, "Conv2D", "8 x 8 x 4", "160 parameters", sources)
        for name, sources in zip(names, RESIDUAL, strict=True)
    ]


def test_a_png_is_a_picture_of_all_boxes(tmp_path: Path) -> None:
    path = tmp_path / "network.png"
    draw_network(boxes(), path, title="a network", kind="png")
    with Image.open(path) as picture:
        pixels = picture.convert("RGB")
        blue = sum(
            count for count, colour in pixels.getcolors(1 << 24) if colour == (219, 233, 246)
        )
        area = (120 * WIDTH) * (120 * HEIGHT)
        assert 0.8 * len(RESIDUAL) < blue / area < 1.0 * len(RESIDUAL)  # letters lie over it


def test_an_svg_has_every_name_and_is_the_same_each_time(tmp_path: Path) -> None:
    first, second = tmp_path / "a.svg", tmp_path / "b.svg"
    for path in (first, second):
        draw_network(boxes(), path, title="a network", kind="svg")
    text = first.read_text()
    assert text == second.read_text()
    for box in boxes():
        assert box.name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in text


def test_a_very_long_network_is_still_a_picture(tmp_path: Path) -> None:
    sources = [(), *((number,) for number in range(299))]
    many = [Box(f"layer_{n}", "Dense", "3", "", taken) for n, taken in enumerate(sources)]
    draw_network(many, tmp_path / "long.png", title="long", kind="png")
    with Image.open(tmp_path / "long.png") as picture:
        assert max(picture.size) <= 16_000
        assert 1 / 3 < picture.width / picture.height < 3

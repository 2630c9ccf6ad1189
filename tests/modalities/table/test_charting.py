"""A table at a glance: roles of columns, the words for a language model, and which chart shows it."""

import re

import pytest

from castalia.core.errors import UnsupportedInput
from castalia.modalities.table.charting import chart_of
from castalia.modalities.table.overview import glance, told
from castalia.modalities.table.reading import Table, read_table

SALES = read_table(
    b"id,month,region,price,revenue\n"
    b"1,2025-01,North,9.50,100\n2,2025-01,South,9.50,50\n3,2025-02,North,10.00,110\n4,2025-02,South,10.00,\n"
    b"5,2025-03,North,10.50,130\n6,2025-03,South,10.50,70\n",
    "sales.csv",
)


def table(text: str) -> Table:
    return read_table(text.encode(), "t.csv")


def test_roles() -> None:
    roles = {column.name: column.role for column in glance(SALES)}
    assert roles == {"id": "identifier", "month": "time", "region": "label", "price": "number", "revenue": "number"}
    years = glance(table("year,worth\n2024,2201.5\n2025,1831.5\n2026,99.25\n"))
    assert [column.role for column in years] == ["time", "number"]


def test_told_holds_the_true_totals_and_stays_within_bounds() -> None:
    words = told(SALES, "sales.csv", 1600)
    assert "6 rows" in words
    assert "The total revenue is 460, on average 92 a row." in words
    assert "The total revenue by region is 340 for North, 120 for South." in words
    assert "total price" not in words  # prices are averaged, their sum means nothing
    wide = table("name,value\n" + "".join(f"{'x' * 50}{n},{n}\n" for n in range(5000)))
    alone = told(table("height,weight\n1.5,50\n1.75,70\n1.95,91.5\n"), "a.csv", 1600)
    assert "the lowest is 50, the highest 91.50" in alone
    year = table("month,sales\n" + "".join(f"2025-{n:02d},{abs(n - 5)}\n" for n in range(1, 13)))
    assert "from 4 in 2025-01 to 7 in 2025-12. It was highest in 2025-12 with 7 and lowest in 2025-05 with 0" in told(
        year, "year.csv", 1600
    )
    for most in (80, 400, 1600):
        assert len(told(wide, "wide.csv", most)) <= most
    assert "5000 rows" in told(wide, "wide.csv", 400)


@pytest.mark.parametrize(
    ("prompt", "kind", "title", "values"),
    [
        ("a chart-like picture on our sales.csv", "line", "revenue (sum) by month", [150, 110, 200]),
        ("a bar chart of revenue by region", "bar", "revenue (sum) by region", [340, 120]),
        ("ein Balkendiagramm nach region", "bar", "revenue (sum) by region", [340, 120]),
        ("price by region", "bar", "price (mean) by region", [10, 10]),
        ("a pie chart", "pie", "revenue (sum) by region", [340, 120]),
        ("用饼图展示", "pie", "revenue (sum) by region", [340, 120]),
        ("a histogram of price", "histogram", "distribution of price", [9.5, 9.5, 10, 10, 10.5, 10.5]),
    ],
)
def test_the_chart_that_is_asked_for(prompt: str, kind: str, title: str, values: list[float]) -> None:
    chart = chart_of(SALES, "sales.csv", prompt)
    assert (chart.kind, chart.title) == (kind, title)
    assert chart.values == pytest.approx(values)
    assert str(chart.rows) in chart.caption


def test_gaps_are_told() -> None:
    assert re.search("1 without a value left out", chart_of(SALES, "sales.csv", "revenue by region").caption)


def test_many_groups_are_put_together_and_nothing_is_lost() -> None:
    rows = "".join(f"town {n},{n + 1}\n" for n in range(30)) * 2
    chart = chart_of(table(f"town,sales\n{rows}"), "t.csv", "a chart")
    assert len(chart.groups) == 12
    assert chart.groups[-1] == "19 others"
    assert sum(chart.values) == pytest.approx(2 * sum(range(1, 31)))


def test_two_numbers_are_points() -> None:
    chart = chart_of(table("height,weight\n1.5,50\n1.75,70\n1.95,90\n"), "t.csv", "a chart")
    assert (chart.kind, chart.x, chart.values) == ("scatter", [1.5, 1.75, 1.95], [50, 70, 90])


@pytest.mark.parametrize("text", ["a,b\n", "text\n" + "".join(f"some long words {n}\n" for n in range(60))])
def test_what_cannot_be_drawn_is_refused_with_a_way_on(text: str) -> None:
    with pytest.raises(UnsupportedInput) as caught:
        chart_of(table(text), "t.csv", "a chart")
    assert caught.value.hint

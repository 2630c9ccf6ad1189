"""Orders in plain e-mails and in a fixed compact notation, from a grammar of our own: the task of `finetuning.py`.

Dear team, please send 3 red chairs and a dozen blue lamps to Bremen by 4 May, express. I pay by card. Anna Brandt
BRANDT | 3 chair/R + 12 lamp/B | 05-04 | BRE | X | card
"""

import random
from dataclasses import dataclass

NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 8: "eight", 10: "ten", 12: "a dozen"}
ARTICLES = {
    "chair": "chairs", "table": "tables", "lamp": "lamps", "shelf": "shelves", "desk": "desks", "bench": "benches",
    "mirror": "mirrors", "carpet": "carpets", "clock": "clocks", "vase": "vases", "stool": "stools", "sofa": "sofas",
}  # fmt: skip
COLOURS = {"red": "R", "blue": "B", "green": "G", "white": "W", "black": "K", "yellow": "Y", "grey": "E", "brown": "N"}
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")  # fmt: skip
CITIES = {
    "Bremen": "BRE", "Lyon": "LYO", "Turin": "TUR", "Gdansk": "GDA", "Porto": "POR", "Malmo": "MAL", "Graz": "GRA",
    "Ghent": "GHE", "Basel": "BAS", "Leeds": "LEE", "Cork": "COR", "Tartu": "TAR",
}  # fmt: skip
FIRST = ("Anna", "Paul", "Mia", "Tom", "Lena", "Jan", "Eva", "Max", "Nora", "Ben", "Ida", "Leo")
LAST = ("Brandt", "Keller", "Moreau", "Rossi", "Novak", "Silva", "Berg", "Hughes", "Fischer", "Dubois", "Costa",
        "Lind", "Maier", "Walsh", "Kovacs", "Santos")  # fmt: skip
PAYING = {"card": "by card", "invoice": "on invoice", "cash": "in cash"}
OPENINGS = ("Dear team, please send", "Hello, I need", "Hi, we would like", "Good morning, I order", "Please deliver")
RULES = (
    "Write the order in this notation: SURNAME | quantity article/COLOUR + ... | month-day | CITY | speed | payment. "
    "Articles are singular. Colours: R red, B blue, G green, W white, K black, Y yellow, E grey, N brown. CITY is its "
    "first three letters. Speed is X for express, else -. Payment is card, invoice or cash.\n\n"
    "Hello, I need two green desks to Porto by 9 March, no hurry. I pay in cash. Ida Lind\n"
    "LIND | 2 desk/G | 03-09 | POR | - | cash\n\n"
    "Please deliver ten white vases and one black sofa to Cork by 21 July, express. I pay on invoice. Leo Walsh\n"
    "WALSH | 10 vase/W + 1 sofa/K | 07-21 | COR | X | invoice\n\n"
)
"""What the base is told, which the adapter is not: the notation in words and two examples."""


@dataclass(frozen=True)
class Order:
    """One e-mail and what it says."""

    mail: str
    notation: str


def orders(count: int, seed: int, but: frozenset[str] = frozenset()) -> list[Order]:
    """So many different orders, none of whose e-mails is among ``but``."""
    draw = random.Random(seed)
    found: dict[str, Order] = {}
    while len(found) < count:
        order = _order(draw)
        if order.mail not in but:
            found[order.mail] = order
    return list(found.values())


def _order(draw: random.Random) -> Order:
    items = draw.sample(list(ARTICLES), draw.choice((1, 2, 2, 3)))
    told, short = [], []
    for article in items:
        number, colour = draw.choice(list(NUMBERS)), draw.choice(list(COLOURS))
        said = NUMBERS[number] if draw.random() < 0.6 else str(number)
        told.append(f"{said} {colour} {article if number == 1 else ARTICLES[article]}")
        short.append(f"{number} {article}/{COLOURS[colour]}")
    listed = told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"
    city, express, paying = draw.choice(list(CITIES)), draw.random() < 0.5, draw.choice(list(PAYING))
    month, day, last = draw.randrange(12), draw.randint(1, 28), draw.choice(LAST)
    date = f"{day} {MONTHS[month]}" if draw.random() < 0.5 else f"{MONTHS[month]} {day}"
    speed = draw.choice(("express", "as fast as you can")) if express else draw.choice(("no hurry", "normal post"))
    mail = f"{draw.choice(OPENINGS)} {listed} to {city} by {date}, {speed}. I pay {PAYING[paying]}. "
    mail += f"{draw.choice(FIRST)} {last}"
    line = (last.upper(), " + ".join(short), f"{month + 1:02}-{day:02}", CITIES[city], "X" if express else "-", paying)
    return Order(mail, " | ".join(line))

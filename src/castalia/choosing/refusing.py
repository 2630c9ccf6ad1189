"""What is said when no generator serves a request: why, and what would."""

import re
from dataclasses import dataclass

from castalia.choosing.reading import Reading


@dataclass(frozen=True)
class Kind:
    """A kind of request that nothing here serves; ``wants`` and ``served_by`` complete the sentences of `refusal`."""

    wants: str
    served_by: str


PREDICTION = Kind(
    "a prediction or classification of data",
    "a statistics tool such as scikit-learn, XGBoost or a spreadsheet's forecast; castalia train only makes more rows"
    " like those of a table",
)
SOLID = Kind("a three-dimensional shape", "a CAD or 3-D program such as Blender, FreeCAD or OpenSCAD")
SEARCH = Kind("a look at the web", "a browser or a search engine; nothing here reads the web")
ACT = Kind(
    "something to be done outside this machine's models",
    "the app, device or person that does it; nothing here acts for you",
)

SOLIDS = re.compile(
    r"3[- ]?d\b|\b(?:three[- ]dimensional|stl|cad|mesh|point clouds?|voxels?|tridimensional|dreidimensional\w*|maillage"
    r"|malla|tres dimensiones|trois dimensions)\b|三维|立体|3d|点云|ba chiều",
    re.IGNORECASE,
)
SEARCHES = re.compile(
    r"\b(?:web|internet|online|google|netz|en ligne)\b|上网|网上|trên mạng",
    re.IGNORECASE,
)
PREDICTIONS = re.compile(
    r"\b(?:predict|forecast|classif|categori|cluster|regress|anomal|outlier|estimat|churn|segment|score|label"
    r"|etiquet|kategor|predic|pronostic|pr[ée]di|pr[ée]vo|vorher|voraus|klassifiz|agrup|regroup|gruppier|entrena"
    r"|entra[iî]ne|trainier|train a)\w*"
    r"|预测|分类|分组|聚类|异常|训练|dự đoán|dự báo|phân loại|huấn luyện|bất thường",
    re.IGNORECASE,
)

BEFORE = r"^(?:(?:please|kindly|can you|could you|would you|help me|por favor|bitte|hãy|vui lòng) )*"
SORTING = tuple(
    re.compile(verbs + between + rows)
    for verbs, between, rows in (
        (
            BEFORE + r"(?:classify|categori[sz]e|cluster|label|segment)\b",
            r"[^.?!\n]{0,40}?",
            r"\b(?:rows?|records|observations|data points)\b(?! of (?:text|music))",
        ),
        (BEFORE + r"sort\b", r"[^.?!\n]{0,30}?", r"\b(?:rows|records)\b[^.?!\n]{0,12}?\binto\b"),
        (BEFORE + r"(?:classify|cluster|segment)", r" (?:the |this |my |our )?", r"(?:table|data ?set|<file:table>)"),
        (
            BEFORE + r"(?:clasifi[cq]\w+|agrup\w+|segment\w+|etiquet\w+)\b",
            r"[^.?!\n]{0,30}?",
            r"\b(?:filas|registros)\b",
        ),
        (
            BEFORE + r"(?:class(?:e|er|ez|ifie[rz]?)|catégorise[rz]?|regroupe[rz]?|étiquette[rz]?)\b",
            r"[^.?!\n]{0,30}?",
            r"\b(?:lignes|enregistrements)\b",
        ),
        (
            BEFORE + r"(?:klassifizier\w*|kategorisier\w*|gruppier\w*|ordne)\b",
            r"[^.?!\n]{0,30}?",
            r"\b(?:zeilen|datensätze)\b",
        ),
        (r"^(?:请|帮我|把|将|对|给| )*[^。，]{0,8}", r"(?:行|记录)[^。，]{0,3}", r"(?:分类|聚类|打上?标签)"),
        (BEFORE + r"(?:phân loại|phân cụm|gán nhãn)", r"[^.?!\n]{0,20}?", r"\b(?:hàng|dòng|bản ghi)\b"),
    )
)
"""Rows that shall be sorted into classes or groups; only as a command: "explain how to ..." is a text."""


def sorts_rows(reading: Reading) -> bool:
    """Whether rows shall be sorted into classes or groups, which no generator does."""
    sentence = " ".join(reading.tokens).replace("_", " ")
    return any(one.search(sentence) for one in SORTING)


def kind_of_request(reading: Reading, kinds: list[str]) -> Kind:
    """Which kind of thing is wanted, by its words and by what is attached."""
    if SOLIDS.search(reading.whole):
        return SOLID
    if "table" in kinds or PREDICTIONS.search(reading.whole):
        return PREDICTION
    return SEARCH if SEARCHES.search(reading.whole) else ACT


def refusal(reading: Reading, kinds: list[str]) -> str:
    """Two sentences and a way on: what is wanted, what would serve, how a language model can still help."""
    kind = kind_of_request(reading, kinds)
    return (
        f"No generator here serves this: it asks for {kind.wants}. What would serve is {kind.served_by}. "
        "To have a language model explain how it is done, or write the code, add --modality text."
    )

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
    r"\b(?:predict|forecast|classif|categori|cluster|regress|anomal|outlier|estimat|churn|segment|score|label|etiquet|kategor|predic|pronostic|pr[ée]di"
    r"|pr[ée]vo|vorher|voraus|klassifiz|agrup|regroup|gruppier|entrena|entra[iî]ne|trainier|train a)\w*"
    r"|预测|分类|分组|聚类|异常|训练|dự đoán|dự báo|phân loại|huấn luyện|bất thường",
    re.IGNORECASE,
)


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

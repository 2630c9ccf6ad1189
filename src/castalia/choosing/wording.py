"""How modalities are spoken of: in reasons and in questions back."""

NAMES = {
    "text": "an answer in text",
    "image": "a picture",
    "audio": "a sound",
    "speech": "text read aloud",
    "music": "music",
    "video": "a video",
    "table": "rows of a synthetic table",
    "unsupported": "something else, such as a prediction or a 3-D shape",
}


def named(modality: str) -> str:
    """What comes out, in words: ``image`` is "a picture". Modalities of other packages go by their own name."""
    return NAMES.get(modality, modality)


def percent(probability: float) -> str:
    """``0.934`` is ``93 %``."""
    return f"{round(100 * probability)} %"


def joined(words: list[str], last: str = "or") -> str:
    """``a, b or c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"

"""Search of documents: Cranfield's 225 questions over 1,400 abstracts, and speed at 100,000 passages."""

import json
import math
import resource
import statistics
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from castalia.language.documents.chunking import Chunk
from castalia.language.documents.content import Content, Span
from castalia.language.documents.library import Added, Library, sources_of
from castalia.language.documents.shelf import Collection, Document, Shelf
from castalia.language.documents.terms import terms_of
from castalia.store.database import Database

PASSAGES = 100_000


def cranfield(shared: Path, vectors: Path, workplace: Path) -> tuple[dict[str, object], Library, list[str]]:
    """nDCG@10 and recall@10 of words alone, vectors alone and both; seconds a question."""
    rows = [json.loads(line) for line in (shared / "data" / "cranfield.jsonl").open(encoding="utf-8")]
    folder = workplace / "cranfield"
    folder.mkdir()
    for row in rows:
        if row["kind"] == "document":
            body = row["text"].removeprefix(row["title"]).strip()
            (folder / f"{row['id']}.md").write_text(f"# {row['title']}\n\n{body}\n", encoding="utf-8")
    gains: dict[int, dict[int, int]] = defaultdict(dict)
    for row in rows:
        if row["kind"] == "judgement":
            gains[row["query"]][row["document"]] = row["gain"]
    library = Library(Shelf(Database.at(workplace)), vectors)
    collection = library.collection("cranfield", create=True)
    started = time.perf_counter()
    states = [event.state for event in library.add(sources_of([folder]), collection) if isinstance(event, Added)]
    seconds = time.perf_counter() - started
    questions = [row for row in rows if row["kind"] == "query" and gains[row["id"]]]
    shelf = library.shelf

    def by(ids: list[int]) -> list[int]:
        return [int(Path(one.name).stem) for one in shelf.passages(ids)]

    ways = {
        "words": lambda text: by(shelf.by_words(collection, terms_of(text), 30).ids.tolist()),
        "vectors": lambda text: by(shelf.by_vector(collection, library.encode([text])[0], 30).ids.tolist()),
        "both": lambda text: [int(Path(one.name).stem) for one in library.search([collection], text, 30)],
    }
    figures: dict[str, object] = {
        "documents": len(states),
        "failed": states.count("failed"),
        "passages": sum(one.chunks for one in shelf.documents(collection)),
        "seconds to add": round(seconds, 1),
    }
    for name, way in ways.items():
        scores, recalls, times = [], [], []
        for question in questions:
            began = time.perf_counter()
            ranking = list(dict.fromkeys(way(question["text"])))[:10]
            times.append(time.perf_counter() - began)
            known = gains[question["id"]]
            scores.append(ndcg(ranking, known))
            recalls.append(sum(known.get(one, 0) > 0 for one in ranking) / sum(gain > 0 for gain in known.values()))
        figures[name] = {
            "nDCG@10": round(statistics.mean(scores), 4),
            "recall@10": round(statistics.mean(recalls), 4),
            "p50 ms": round(1000 * statistics.median(times), 1),
            "p95 ms": round(1000 * statistics.quantiles(times, n=20)[18], 1),
        }
    return figures, library, [question["text"] for question in questions]


def ndcg(ranking: list[int], gains: dict[int, int]) -> float:
    """Normalised discounted cumulative gain at 10 (Järvelin and Kekäläinen, 2002), linear gains."""

    def dcg(values: list[int]) -> float:
        return sum(value / math.log2(place + 2) for place, value in enumerate(values[:10]))

    best = dcg(sorted(gains.values(), reverse=True))
    return dcg([gains.get(one, 0) for one in ranking]) / best if best else 0.0


def large(library: Library, questions: list[str], workplace: Path) -> dict[str, object]:
    """Seconds a question over 100,000 passages of sentences of Cranfield drawn anew, vectors near real ones."""
    small = library.shelf.collection("cranfield")
    texts = [library.shelf.text(one.id) for one in library.shelf.documents(small)]
    sentences = [one.strip() for text in texts for one in text.split(" . ") if len(one) > 40]
    ids = library.shelf.by_vector(small, library.encode([questions[0]])[0], 10**9).ids
    known = library.shelf.vectors(small, ids)
    random = np.random.default_rng(0)
    place = workplace / "large"
    place.mkdir()
    shelf = Shelf(Database.at(place))
    big = Library(shelf, library._folder)
    collection = big.collection("large", create=True)
    for number in range(PASSAGES // 100):
        _put(
            shelf,
            collection,
            number,
            [sentences[one] for one in random.integers(0, len(sentences), 500)],
            known,
            random,
        )
    times = []
    for question in [questions[0], *questions]:
        began = time.perf_counter()
        big.search([collection], question, 10)
        times.append(time.perf_counter() - began)
    return {
        "passages": PASSAGES,
        "first question ms": round(1000 * times[0], 1),
        "p50 ms": round(1000 * statistics.median(times[1:]), 1),
        "p95 ms": round(1000 * statistics.quantiles(times[1:], n=20)[18], 1),
        "database MB": round(sum(path.stat().st_size for path in place.glob("castalia.db*")) / 1e6),
        "matrix MB": round(PASSAGES * known.shape[1] * 4 / 1e6),
        "process MB at most": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3),
    }


def _put(
    shelf: Shelf,
    collection: Collection,
    number: int,
    sentences: list[str],
    known: np.ndarray,
    random: np.random.Generator,
) -> None:
    """A document of 100 passages of five sentences each."""
    pieces = [" . ".join(sentences[start : start + 5]) for start in range(0, len(sentences), 5)]
    text = "\n\n".join(pieces)
    starts = np.cumsum([0, *(len(piece) + 2 for piece in pieces)])
    passages = [
        Chunk(int(start), int(start) + len(piece), "", None, piece)
        for start, piece in zip(starts, pieces, strict=False)
    ]
    near = known[random.integers(0, len(known), len(pieces))] + 0.02 * random.standard_normal(
        (len(pieces), known.shape[1])
    )
    vectors = (near / np.linalg.norm(near, axis=1, keepdims=True)).astype(np.float32)
    content = Content(format="text", text=text, blocks=[Span(kind="paragraph", start=0, end=len(text))])
    document = Document(
        id=f"doc-{number}",
        collection=collection.id,
        name=f"{number}.txt",
        digest=str(number),
        created=datetime.now(UTC),
        format="text",
        title="",
        size=len(text),
    )
    shelf.put(collection, document, content, passages, vectors)


def measure(shared: Path, vectors: Path) -> dict[str, object]:
    """Both."""
    with tempfile.TemporaryDirectory() as folder:
        workplace = Path(folder)
        small, library, questions = cranfield(shared, vectors, workplace)
        print(json.dumps(small), flush=True)
        many = large(library, questions, workplace)
        print(json.dumps(many), flush=True)
        library.shelf.database.close()
    return {"cranfield": small, "large": many}

"""EleutherAI's lm-evaluation-harness against a running Castalia, on two tasks of our own questions. Needs no torch.

    python3 -m venv harness && harness/bin/pip install 'lm_eval[api]' transformers
    castalia serve &
    python scripts/harness.py --model smollm2-135m --python harness/bin/python

`castalia_facts` asks the packaged facts in the chat (`/v1/chat/completions`) and compares the answer with the accepted
ones. `castalia_choices` has the model choose among four answers by likelihood (`/v1/completions` with `echo`); wrong
ones are right answers of other questions. For it the harness counts tokens itself, with a tokenizer that is written
from the model's GGUF file. Tasks and data are written into a folder, so that nothing is read from elsewhere. Prints
what the harness measured.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from castalia.core.config import load
from castalia.judging.evaluation.language.material import packaged
from castalia.serving.house import House

FACTS, CHOICES = "castalia_facts", "castalia_choices"
HEAD = """\
task: {task}
dataset_path: json
dataset_kwargs:
  data_files:
    test: {data}
test_split: test
"""
FACTS_YAML = """\
output_type: generate_until
doc_to_text: "{{question}} Answer in a few words."
doc_to_target: "{{answers[0]}}"
process_results: !function checking.right
generation_kwargs:
  max_gen_toks: 32
  temperature: 0.0
  do_sample: false
  until: []
metric_list:
  - metric: exact_match
    aggregation: mean
    higher_is_better: true
metadata:
  version: 1.0
"""
CHOICES_YAML = """\
output_type: multiple_choice
doc_to_text: "Question: {{question}}\\nAnswer:"
doc_to_choice: "{{choices}}"
doc_to_target: "{{right}}"
metric_list:
  - metric: acc
    aggregation: mean
    higher_is_better: true
  - metric: acc_norm
    aggregation: mean
    higher_is_better: true
metadata:
  version: 1.0
"""
CHECKING = """\
import re


def right(doc, results):
    told = " ".join(re.findall(r"\\w+", results[0].lower()))
    wanted = [" ".join(re.findall(r"\\w+", one.lower())) for one in doc["answers"]]
    return {"exact_match": float(any(f" {one} " in f" {told} " for one in wanted))}
"""
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
SPLITTING = {
    "gpt-2": BYTES,
    "smollm": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, BYTES]},
}
"""How text is cut before byte pairs are merged, by the name that GGUF files give to it."""
CONTROL = 3
"""The type of special tokens in GGUF files."""


def write_tasks(folder: Path) -> None:
    """Both tasks with their questions."""
    facts = [{"question": one.text, "answers": list(one.answers)} for one in packaged().facts]
    draw = random.Random(1)
    choices: list[dict[str, object]] = []
    for fact in facts:
        right = fact["answers"][0]
        others = [str(one["answers"][0]) for one in facts if not {*one["answers"]} & {*fact["answers"]}]
        offered = [right, *draw.sample(sorted({*others}), 3)]
        draw.shuffle(offered)
        choices.append({"question": fact["question"], "choices": offered, "right": offered.index(right)})
    (folder / "checking.py").write_text(CHECKING, encoding="utf-8")
    for task, rows, yaml in ((FACTS, facts, FACTS_YAML), (CHOICES, choices, CHOICES_YAML)):
        data = folder / f"{task}.jsonl"
        data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        (folder / f"{task}.yaml").write_text(HEAD.format(task=task, data=data) + yaml, encoding="utf-8")


def write_tokenizer(weights: Path, folder: Path) -> Path:
    """The tokenizer of a GGUF file in the form that transformers reads. Raises SystemExit for kinds not known here."""
    import gguf

    fields = gguf.GGUFReader(weights).fields
    told = {name: fields[f"tokenizer.ggml.{name}"].contents() for name in ("model", "pre", "tokens", "merges")}
    if told["model"] != "gpt2" or told["pre"] not in SPLITTING:
        sys.exit(f"The tokenizer {told['model']}/{told['pre']} is not known here: give --tokenizer FOLDER.")
    types = fields["tokenizer.ggml.token_type"].contents()
    tokens: list[str] = told["tokens"]
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    whole = {
        "version": "1.0",
        "added_tokens": [
            {"id": number, "content": token, **special}
            for number, token in enumerate(tokens)
            if types[number] == CONTROL
        ],
        "pre_tokenizer": SPLITTING[told["pre"]],
        "decoder": BYTES,
        "model": {
            "type": "BPE",
            "vocab": {token: number for number, token in enumerate(tokens)},
            "merges": [pair.split(" ") for pair in told["merges"]],
        },
    }
    (folder / "tokenizer.json").write_text(json.dumps(whole), encoding="utf-8")
    end = tokens[fields["tokenizer.ggml.eos_token_id"].contents()]
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": end, "bos_token": tokens[0]}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


def weights_of(model: str) -> Path:
    """The GGUF file of an installed model. Raises SystemExit when it has none."""
    with House(load().settings) as house:
        found = house.registry.get(model)
        files = sorted(file.path for file in found.files if file.path.endswith(".gguf"))
    name = found.details.get("gguf") or next(iter(files), None)
    if name is None:
        sys.exit(f"{model} has no GGUF file: give --tokenizer FOLDER.")
    return found.folder / str(name)


def run(
    python: str, url: str, model: str, key: str, limit: int | None, folder: Path, tokenizer: Path | None = None
) -> dict[str, float]:
    """The harness's results: of the facts, or of the choices when there is a tokenizer. Raises CalledProcessError."""
    write_tasks(folder)
    shared = f"model={model},num_concurrent=1,max_retries=1,tokenized_requests=False,max_length=2048"
    if tokenizer is None:
        task, kind, given = FACTS, "local-chat-completions", f"base_url={url}/v1/chat/completions,{shared}"
    else:
        task, kind = CHOICES, "local-completions"
        given = f"base_url={url}/v1/completions,tokenizer_backend=huggingface,tokenizer={tokenizer},{shared}"
    out = folder / task
    command = [python, "-m", "lm_eval", "--model", kind, "--model_args", given, "--tasks", task]
    command += ["--include_path", str(folder), "--output_path", str(out)]
    command += ["--apply_chat_template"] if tokenizer is None else []
    command += [] if limit is None else ["--limit", str(limit)]
    environment = {**os.environ, "OPENAI_API_KEY": key, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    subprocess.run(command, check=True, env=environment, stdout=sys.stderr)
    (found,) = out.rglob("results_*.json")
    return json.loads(found.read_text())["results"][task]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--url", default="http://127.0.0.1:8484")
    parser.add_argument("--key", default=os.environ.get("CASTALIA_API_KEY", ""), help="the server's key")
    parser.add_argument("--python", default=sys.executable, help="an interpreter that has lm_eval and transformers")
    parser.add_argument("--limit", type=int, help="questions of each task; all when left out")
    parser.add_argument("--tokenizer", type=Path, help="a folder with tokenizer.json; from the GGUF file when left out")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        words = chosen.tokenizer or write_tokenizer(weights_of(chosen.model), folder)
        given = (chosen.python, chosen.url, chosen.model, chosen.key, chosen.limit, folder)
        found = {FACTS: run(*given), CHOICES: run(*given, tokenizer=words)}
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()

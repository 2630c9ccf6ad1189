"""EleutherAI's lm-evaluation-harness against a running Castalia, on a task of our own questions. Works without torch.

    python3 -m venv harness && harness/bin/pip install 'lm_eval[api]'
    castalia serve &
    python scripts/harness.py --model smollm2-135m --python harness/bin/python

The task, `castalia_facts`, asks the packaged facts in the chat and compares the answer with the accepted ones. It is
written into a folder with its data, so that the harness reads nothing from elsewhere. Prints what the harness measured.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from castalia.judging.evaluation.language.material import packaged

TASK = "castalia_facts"
YAML = """\
task: {task}
dataset_path: json
dataset_kwargs:
  data_files:
    test: {data}
test_split: test
output_type: generate_until
doc_to_text: "{{{{question}}}} Answer in a few words."
doc_to_target: "{{{{answers[0]}}}}"
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
CHECKING = """\
import re


def right(doc, results):
    told = " ".join(re.findall(r"\\w+", results[0].lower()))
    wanted = [" ".join(re.findall(r"\\w+", one.lower())) for one in doc["answers"]]
    return {"exact_match": float(any(f" {one} " in f" {told} " for one in wanted))}
"""


def write_task(folder: Path) -> Path:
    """The task with its questions and its check; returns the folder."""
    rows = [{"question": one.text, "answers": list(one.answers)} for one in packaged().facts]
    data = folder / "facts.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (folder / "checking.py").write_text(CHECKING, encoding="utf-8")
    (folder / f"{TASK}.yaml").write_text(YAML.format(task=TASK, data=data), encoding="utf-8")
    return folder


def run(python: str, url: str, model: str, key: str, limit: int | None, folder: Path) -> dict[str, float]:
    """The harness's results of the task. Raises CalledProcessError when it fails."""
    write_task(folder)
    arguments = (
        f"model={model},base_url={url}/v1/chat/completions,num_concurrent=1,max_retries=1,tokenized_requests=False"
    )
    command = [python, "-m", "lm_eval", "--model", "local-chat-completions", "--model_args", arguments]
    command += ["--tasks", TASK, "--include_path", str(folder), "--apply_chat_template", "--output_path", str(folder)]
    command += [] if limit is None else ["--limit", str(limit)]
    environment = {**os.environ, "OPENAI_API_KEY": key, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    subprocess.run(command, check=True, env=environment, stdout=sys.stderr)
    (found,) = folder.rglob("results_*.json")
    return json.loads(found.read_text())["results"][TASK]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--url", default="http://127.0.0.1:8484")
    parser.add_argument("--key", default=os.environ.get("CASTALIA_API_KEY", ""), help="the server's key")
    parser.add_argument("--python", default=sys.executable, help="an interpreter that has lm_eval")
    parser.add_argument("--limit", type=int, help="questions; all when left out")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = run(chosen.python, chosen.url, chosen.model, chosen.key, chosen.limit, Path(folder))
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()

"""A peer's rows for `tables.py`, by SDV in an environment of its own; prints its costs as JSON.

    python benchmarks/tables_peers.py copula rows.csv made.csv --seed 0

SDV is under the Business Source License, so no extra of ours installs it: `pip install sdv torch` in a new virtual
environment, and `tables.py --peers copula --sdv-python THAT/bin/python`. One thread, the peer's own defaults.
"""

import argparse
import json
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import sdv
import torch
from sdv.metadata import Metadata
from sdv.single_table import CTGANSynthesizer, GaussianCopulaSynthesizer, TVAESynthesizer

PEERS = {"copula": GaussianCopulaSynthesizer, "tvae": TVAESynthesizer, "ctgan": CTGANSynthesizer}


def main() -> None:
    """Learn the rows, write as many made ones."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=list(PEERS))
    parser.add_argument("rows", type=Path)
    parser.add_argument("made", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)
    np.random.seed(arguments.seed)  # what SDV draws from
    rows = pd.read_csv(arguments.rows)
    metadata = Metadata()
    metadata.add_table("rows")
    for name in rows:
        number = pd.api.types.is_numeric_dtype(rows[name])
        metadata.add_column(name, "rows", sdtype="numerical" if number else "categorical")
    started = time.process_time()
    synthesizer = PEERS[arguments.peer](metadata)
    synthesizer.fit({"rows": rows})
    fitted = time.process_time()
    synthesizer.sample(len(rows))["rows"].to_csv(arguments.made, index=False)
    print(
        json.dumps(
            {
                "fit_cpu_seconds": round(fitted - started, 1),
                "draw_seconds": round(time.process_time() - fitted, 1),
                "version": sdv.__version__,
            }
        )
    )


if __name__ == "__main__":
    main()

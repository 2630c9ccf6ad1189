"""What the table modality states about itself."""

from castalia.core.specs import ModalitySpec

SPEC = ModalitySpec(
    name="table",
    summary="Rows of a synthetic table, from a model that was trained on a table",
    implementation="castalia.modalities.table.modality:TableModality",
    requires=("pandas", "pyarrow", "sklearn"),
    extra="train",
    media_types=("text/csv", "text/tab-separated-values", "application/vnd.apache.parquet"),
    suffixes=(".csv", ".tsv", ".parquet"),
    options="castalia.modalities.table.options:TableOptions",
    representations=("continuous", "tokens"),
    checks="castalia.judging.instant.table:check",
    evaluation="castalia.judging.evaluation.table:evaluate",
    wishes=("rows", "synthetic table", "dataset", "records", "csv", "spreadsheet", "tabular"),
    default_family="vae",
)

"""Open whatever the user named as a source, refusing it whole before anything is changed."""

from __future__ import annotations

from pathlib import Path

from annotate.corpus.base import Source
from annotate.corpus.columns import Roles, choose_columns
from annotate.corpus.feature_rows import FeatureRows, open_feature_rows
from annotate.corpus.feature_source import FeatureSource, NumberedRows
from annotate.corpus.folder import open_folder
from annotate.corpus.image_table import ImageTableSource
from annotate.corpus.records import SourceOptions
from annotate.corpus.table import Table
from annotate.corpus.table_source import TableSource
from annotate.corpus.text_source import TextSource
from annotate.errors import SourceError

TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff")

_SOURCE_BY_MODALITY: dict[str, tuple[type[TableSource], str]] = {
    "text": (TextSource, "text table"),
    "image": (ImageTableSource, "image table"),
    "features": (FeatureSource, "features"),
}


def open_source(path: Path, options: SourceOptions) -> Source:
    """Return the inputs at ``path``, everything checked that could refuse the source as a whole.

    Parameters
    ----------
    path : Path
        A folder of pictures or one picture; a CSV, TSV, JSONL or Parquet table; or, for features,
        a ``.npy`` matrix by itself.
    options : SourceOptions

    Raises
    ------
    SourceError
        If the source, a column or the features cannot be used; nothing has been changed.
    """
    try:
        real = path.resolve(strict=True)
        if real.is_dir():
            return _open_folder(real, options)
        return _open_file(real, options)
    except OSError as error:
        raise SourceError(
            f"A source must be readable; {path} is not ({error.strerror or error})."
            " Check the path and its permissions."
        ) from error


def _open_folder(path: Path, options: SourceOptions) -> Source:
    if options.modality != "image":
        raise SourceError(
            f"A folder can only be a source of images; this project labels {options.modality}"
            f" and {path} is a folder. Give a table ({', '.join(TABLE_SUFFIXES)})."
        )
    if options.features is not None:
        raise SourceError(
            f"Features must come with a table whose rows they follow; {path} is a folder."
            " Give a table with a column of image paths."
        )
    return open_folder(path, options)


def _open_file(path: Path, options: SourceOptions) -> Source:
    suffix = path.suffix.lower()
    if options.modality == "image" and suffix in PICTURE_SUFFIXES:
        return open_folder(path, options)
    if options.modality == "features" and suffix == ".npy":
        matrix = open_feature_rows(path)
        return _table_source(NumberedRows(path, matrix.shape[0]), options, matrix)
    if suffix not in TABLE_SUFFIXES:
        raise SourceError(
            f"A source of {options.modality} must be one of {', '.join(TABLE_SUFFIXES)}"
            f"{_also(options)}; got {path}. Convert it."
        )
    table = _open_table(path, suffix)
    if options.features is None:
        if options.modality == "features":
            raise SourceError(
                f"A table of ids needs its features; {path} came without. Give --features F.npy."
            )
        return _table_source(table, options, None)
    return _table_source(table, options, open_feature_rows(options.features.resolve()))


def _also(options: SourceOptions) -> str:
    return {"image": ", a folder or a picture", "features": " with --features, or .npy"}.get(
        options.modality, ""
    )


def _open_table(path: Path, suffix: str) -> Table:
    if suffix in (".csv", ".tsv"):
        from annotate.corpus.csv_table import open_csv

        return open_csv(path)
    if suffix == ".parquet":
        from annotate.corpus.parquet_table import open_parquet

        return open_parquet(path)
    from annotate.corpus.jsonl_table import open_jsonl

    return open_jsonl(path)


def _table_source(
    table: Table, options: SourceOptions, features: FeatureRows | None
) -> TableSource:
    if features is not None and features.shape[0] != table.n_rows:
        raise SourceError(
            f"Features must have one row for each row of the table; {features.path} has"
            f" {features.shape[0]:,} and {table.path} has {table.n_rows:,}. Align them."
        )
    roles: Roles = choose_columns(table, options)
    source, kind = _SOURCE_BY_MODALITY[options.modality]
    return source(
        table.path,
        options,
        kind=kind,
        n_inputs=table.n_rows,
        columns=roles.columns,
        detected=roles.detected,
        hints=roles.hints,
        dim=features.shape[1] if features else None,
        table=table,
        feature_rows=features,
    )

"""Formats a labelled corpus leaves in, one file each, and the dataset card."""

from __future__ import annotations

from annotate.registry import Registry

EXPORTERS = Registry(
    "exporter",
    {
        "csv": "annotate.export.csv:CsvExporter",
        "imagefolder": "annotate.export.imagefolder:ImageFolderExporter",
        "jsonl": "annotate.export.jsonl:JsonlExporter",
        "labelstudio": "annotate.export.labelstudio:LabelStudioExporter",
        "parquet": "annotate.export.parquet:ParquetExporter",
    },
)

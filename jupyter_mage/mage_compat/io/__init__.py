"""The io classes, one a file. `SOURCES` says which there are, and which extra brings what each needs."""

from __future__ import annotations

SOURCES: dict[str, tuple[str, str]] = {
    "FileIO": ("file", ""),
    "Postgres": ("postgres", "postgres"),
    "MySQL": ("mysql", "mysql"),
    "MSSQL": ("mssql", "mssql"),
    "SQLite": ("sqlite", "sql"),
    "DuckDB": ("duckdb", ""),
    "BigQuery": ("bigquery", "bigquery"),
    "Snowflake": ("snowflake", "snowflake"),
    "Redshift": ("redshift", "redshift"),
    "ClickHouse": ("clickhouse", "clickhouse"),
    "MongoDB": ("mongodb", "mongodb"),
    "S3": ("s3", "s3"),
    "GoogleCloudStorage": ("google_cloud_storage", "gcs"),
    "AzureBlobStorage": ("azure_blob_storage", "azure"),
}
"""Each class, with its module here and its extra of jupyter_mage (empty: it needs nothing more)."""

"""The prediction log: answered rows as Parquet files, for whoever wants rows rather than counts."""

"""Tables as people and statistics keep them: CSV, Excel, Parquet; read and written."""

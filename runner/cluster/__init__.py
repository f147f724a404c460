"""The same tasks on an existing Dask cluster."""

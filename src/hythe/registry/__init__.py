"""Where bundles live: blobs, catalog, references, remote registries."""

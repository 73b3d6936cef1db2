"""Steps that take a labelled CSV to a bundled model version; one concept per file."""

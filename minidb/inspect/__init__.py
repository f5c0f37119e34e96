"""The inspector: what stands in the files of a closed database, decoded as far as it can be, and never changed."""

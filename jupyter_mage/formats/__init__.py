"""Forms that pipelines have on disk, one a file or folder."""

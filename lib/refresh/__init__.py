"""The half that fetches newer tables from live sources; notebooks never import it."""

"""The half that runs notebooks; notebooks never import it."""

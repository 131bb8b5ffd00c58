"""One module per figure: from rows of the tables to a drawn `publish.Figure`."""

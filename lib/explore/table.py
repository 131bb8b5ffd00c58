"""The table behind the chart: sorted by its heads, searched, and taken away as CSV or Excel."""

from itables import JavascriptFunction
from itables.widget import ITable

from lib.figure import Figure

#: What is read has few digits; what is sorted, copied or saved is the number as it is. What is not known stays empty.
NUMBER = JavascriptFunction(
    """function (value, use) {
        const known = value !== null && !Number.isNaN(value);
        if (use !== 'display') return known ? value : null;
        const digits = Math.abs(value) < 1000 ? {maximumSignificantDigits: 4} : {maximumFractionDigits: 0};
        return known ? value.toLocaleString('en', digits) : '';
    }"""
)
WHOLE = {"exportOptions": {"orthogonal": "sort"}}
OPTIONS = {
    "showIndex": False,
    "autoWidth": False,  # which looks through all rows for the longest texts
    "maxBytes": 0,  # all rows, however many
    "format_floats_in_python": False,
    "pageLength": 8,
    "order": [],  # as the figure has them
    "layout": {"topStart": "buttons"},
    "buttons": [
        {"extend": "colvis", "text": "Columns"},
        *({"extend": kind, **WHOLE} for kind in ("copyHtml5", "csvHtml5", "excelHtml5")),
    ],
    "classes": "display compact",
    "style": "width:100%",
}


def table(figure: Figure) -> ITable:
    """A table of the rows of `figure`."""
    text = figure.table.select_dtypes(["str", "object"]).columns
    frame = figure.table.assign(**{name: figure.table[name].fillna("") for name in text})
    empty = figure.table.isna().all()
    read = [name for name in figure.columns or frame.columns if not empty[name]]
    numbers = frame.select_dtypes("float").columns
    definitions = [
        {"targets": [i for i, name in enumerate(frame.columns) if name in numbers], "render": NUMBER},
        {"targets": [i for i, name in enumerate(frame.columns) if name not in read], "visible": False},
    ]
    return ITable(frame, columnDefs=definitions, **OPTIONS)

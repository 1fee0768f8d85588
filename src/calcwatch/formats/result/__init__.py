"""Documents of a result (findings.json, comparison.json, history.json), and the CSV tables of the first.

One table of fields a document (``image``, ``findings``, ``comparison``, ``history``) writes it, reads it,
also from older versions, and gives its JSON Schema and the columns of the CSV tables. ``fields`` has the
kinds of fields, ``document`` is the way in and out, ``run`` is what a run leaves to be written.
"""

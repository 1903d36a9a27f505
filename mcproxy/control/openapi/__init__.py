"""The description of the control API as OpenAPI 3.1, made from the code that answers.

``document`` puts together what ``reading`` and ``changing`` say of each path. A path that is not
described fails a test. ``path`` answers GET /openapi.json.
"""

"""A reader who does what the pages say, in the order of the pages, on a machine of the lab.

``python -m tests.kernel.pages --write`` puts the output that the commands print into the pages.
"""

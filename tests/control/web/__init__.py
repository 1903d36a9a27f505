"""The live data of the web page."""

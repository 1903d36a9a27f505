"""The files for Prometheus and Grafana in etc: what promtool says of them, and what they name."""

"""What other people's eyes need: rules for Prometheus, a dashboard for Grafana."""

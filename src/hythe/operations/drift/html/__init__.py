"""What was found of some rows as one HTML file: no script, and nothing is fetched from anywhere."""

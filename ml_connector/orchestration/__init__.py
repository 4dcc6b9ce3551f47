"""Dagster: assets, checks, jobs, sensors, resources. The only package (with definitions.py) that imports dagster.

What a document's work is stands in `flows`; here it is only wrapped. `build.build_defs` composes everything.
"""

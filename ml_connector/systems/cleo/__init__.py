"""Cleo Integration Cloud and Harmony: folders of files over REST."""

"""Tests of what customers are told of their orders."""

"""Findings written for people and programs: JSON, tables, pictures and a page."""

"""Flat tables of a publication, and where they are written for BI tools."""

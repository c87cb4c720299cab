"""`report.html`: one page about a run that needs nothing else, made of plain values."""

from nncli.runs.report.content import (
    Example,
    Fold,
    Matrix,
    Reliability,
    ReportContent,
    Residuals,
    Scatter,
)
from nncli.runs.report.page import render

__all__ = [
    "Example",
    "Fold",
    "Matrix",
    "Reliability",
    "ReportContent",
    "Residuals",
    "Scatter",
    "render",
]

"""`report.html`: one page about a run that needs nothing else, made of plain values."""

from nncli.runs.report.content import (
    Example,
    Matrix,
    Reliability,
    ReportContent,
    Residuals,
    Scatter,
)
from nncli.runs.report.page import render

__all__ = ["Example", "Matrix", "Reliability", "ReportContent", "Residuals", "Scatter", "render"]

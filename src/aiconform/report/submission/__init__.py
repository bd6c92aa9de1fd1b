"""A submission for AI conformance: the official checklist filled in, its evidence, and its lint."""

from aiconform.report.submission.build import Submission, make_submission
from aiconform.report.submission.checklist import Checklist, read_checklist
from aiconform.report.submission.lint import is_clean, lint
from aiconform.report.submission.product import Product, read_product
from aiconform.report.submission.remark import Remark, Severity

__all__ = [
    "Checklist",
    "Product",
    "Remark",
    "Severity",
    "Submission",
    "is_clean",
    "lint",
    "make_submission",
    "read_checklist",
    "read_product",
]

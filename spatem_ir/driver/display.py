"""Deployments and simulations as text and as tables of a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spatem_ir.driver.deployment import Deployment


def deployment_text(deployment: Deployment) -> str:
    """What was compiled for what, and by which passes."""
    return "\n".join(f"{name:<12}{text}" for name, text in _facts(deployment))


def deployment_html(deployment: Deployment) -> str:
    """The same as a table."""
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>"
        for name, text in _facts(deployment)
    )
    return f"<table>{rows}</table>"


def _facts(deployment: Deployment) -> list[tuple[str, str]]:
    return [
        ("network", deployment.name),
        ("accelerator", deployment.accelerator.name),
        ("level", str(deployment.level)),
        ("passes", ", ".join(deployment.passes) or "none"),
    ]

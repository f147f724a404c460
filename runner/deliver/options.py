"""The options of the ``deliver`` command. None takes a password: shells keep what is typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click


def deliver_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Whom to send to, and how."""
    options = [
        click.option("--to", multiple=True, required=True, help="Recipient; repeat for several."),
        click.option("--cc", multiple=True, help="Recipient of a copy; repeat for several."),
        click.option(
            "--from", "sender", default="", envvar="RUNNER_MAIL_FROM", help="Sender; needed to send."
        ),
        click.option("--subject", default="", help="Subject.  [default: that of the template]"),
        click.option(
            "--limit-mb",
            type=click.FloatRange(min=0, min_open=True),
            default=20.0,
            show_default=True,
            help="The most that the message may have, in millions of bytes.",
        ),
        click.option("--send", is_flag=True, help="Send it.  [default: only write the message as a file]"),
        click.option("--again", is_flag=True, help="Send even what was sent before."),
        click.option(
            "--smtp-host",
            default="",
            envvar="RUNNER_SMTP_HOST",
            help="The mail server; its port may follow: smtp.uni.example:587.",
        ),
        click.option(
            "--smtp-port",
            type=click.IntRange(1, 65535),
            default=None,
            envvar="RUNNER_SMTP_PORT",
            help="[default: 587, or 465 for implicit TLS]",
        ),
        click.option(
            "--smtp-security",
            type=click.Choice(["starttls", "tls"]),
            envvar="RUNNER_SMTP_SECURITY",
            help="Always encrypted.  [default: tls on port 465, else starttls]",
        ),
        click.option(
            "--smtp-user", default="", envvar="RUNNER_SMTP_USER", help="Account at the mail server."
        ),
        click.option(
            "--smtp-timeout",
            type=click.FloatRange(min=0, min_open=True),
            default=60.0,
            show_default=True,
            envvar="RUNNER_SMTP_TIMEOUT",
            help="Seconds to wait for each answer; ten times as many for all.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command

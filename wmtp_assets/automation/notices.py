"""News of a storage as a message, and how it is sent: Slack, e-mail.

A message that cannot be sent is an error of its sensor, which tries again at its next tick.
"""

import html
import os
import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import SplitResult, unquote, urlsplit

from wmtp_assets.automation.alarms import News
from wmtp_assets.errors import BadInput
from wmtp_assets.printable import printable

# A first look at a broken storage finds hundreds; Slack cuts a message at 4,000 characters.
MAX_LINES = 10
MAX_LINE = 300
SECONDS = 30
SLACK_BOT_TOKEN, SMTP_URL = "SLACK_BOT_TOKEN", "SMTP_URL"
SMTP_FIX = "export SMTP_URL=smtps://user:password@host:465, or smtp:// for STARTTLS on 587"


def subject(news: News) -> str:
    """One line: how much is new and gone, and where."""
    return f"WMTP storage {news.storage_root}: {len(news.new)} new, {len(news.gone)} gone"


def body(news: News) -> str:
    """The lines of a message; of many the first."""
    lines = [*(f"NEW {line}" for line in news.new), *(f"gone: {line}" for line in news.gone)]
    short = [printable(" ".join(line.split()))[:MAX_LINE] for line in lines[:MAX_LINES]]
    if len(lines) > MAX_LINES:
        short.append(f"and {len(lines) - MAX_LINES} more")
    return "\n".join([*short, "python -m wmtp_assets.signoff status lists what counts now"])


def send_to_slack(news: News, channel: str) -> None:
    """Post a message with the bot token of SLACK_BOT_TOKEN.

    Raises:
        BadInput: dagster-slack or the token is missing, or Slack refuses it.
    """
    try:
        from dagster_slack import SlackResource
        from slack_sdk.errors import SlackClientError
    except ImportError as error:
        raise BadInput(
            "notices to Slack need the package dagster-slack",
            [error],
            "pip install 'wmtp-assets[slack]'",
        ) from error
    token = os.environ.get(SLACK_BOT_TOKEN, "").strip()
    fix = "export the bot token of a Slack app that may chat:write, and invite it to the channel"
    if not token.isprintable() or not token:
        raise BadInput(f"{SLACK_BOT_TOKEN} is not set, or is no token", [channel], fix)
    # What a finding quotes is no markup: <!channel> would wake everybody.
    text = html.escape(f"{subject(news)}\n{body(news)}", quote=False)
    try:
        SlackResource(token=token).get_client().chat_postMessage(channel=channel, text=text)
    except (SlackClientError, OSError) as error:
        reason = " ".join(str(error).split())
        raise BadInput(f"Slack did not take the message ({reason})", [channel], fix) from error


def send_by_mail(news: News, recipients: str, sender: str) -> tuple[str, ...]:
    """Send an e-mail by the server of SMTP_URL; a password goes over TLS only.

    Dagster's own e-mail sensor tells of failed runs alone; this uses smtplib as it does.

    Args:
        recipients: Addresses, separated by commas.

    Returns:
        The addresses that the server refused, if it took others.

    Raises:
        BadInput: SMTP_URL is missing or none, or its server refuses the message.
    """
    url = _smtp_url(os.environ.get(SMTP_URL))
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject(news), sender, recipients
    message.set_content(body(news))
    try:
        with _connected(url) as server:
            if url.username:
                server.login(unquote(url.username), unquote(url.password or ""))
            refused = server.send_message(message)
    except (smtplib.SMTPException, OSError) as error:
        raise BadInput(
            f"the mail server did not take the message ({error})", [url.hostname], SMTP_FIX
        ) from error
    except UnicodeEncodeError:
        # Its words quote what could not be encoded, such as a password.
        raise BadInput("SMTP speaks ASCII here", [url.hostname], "use other credentials") from None
    return tuple(refused)


def _smtp_url(text: str | None) -> SplitResult:
    if not text:
        raise BadInput(f"{SMTP_URL} is not set", [], SMTP_FIX)
    try:
        url = urlsplit(text)
        right = url.scheme in ("smtp", "smtps") and bool(url.hostname) and url.port != 0
    except ValueError:
        right = False
    if not right:
        # It is not shown: it holds a password, wherever.
        raise BadInput(f"{SMTP_URL} is no address", [], SMTP_FIX)
    return url


def _connected(url: SplitResult) -> smtplib.SMTP:
    context = ssl.create_default_context()
    assert url.hostname, "_smtp_url refuses an address without"
    if url.scheme == "smtps":
        return smtplib.SMTP_SSL(url.hostname, url.port or 465, timeout=SECONDS, context=context)
    server = smtplib.SMTP(url.hostname, url.port or 587, timeout=SECONDS)
    server.ehlo()
    if url.username or server.has_extn("starttls"):
        server.starttls(context=context)
    return server

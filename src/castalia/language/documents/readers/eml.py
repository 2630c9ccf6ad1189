"""Letters as e-mail programs save them (RFC 5322): head lines, the text, the names of what is attached."""

import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage
from typing import cast

from castalia.core.errors import UnsupportedInput
from castalia.language.documents.content import Block, Reading
from castalia.language.documents.formats import DocumentFormat
from castalia.language.documents.readers import html, text

HEADS = ("From", "To", "Cc", "Date", "Subject")


def read(data: bytes, name: str) -> Reading:
    """The subject as heading, the other head lines, the body; attachments are named in a note, not read."""
    letter = email.message_from_bytes(data, policy=email.policy.default)
    heads = {head: str(letter[head]) for head in HEADS if letter[head]}
    if not heads:
        raise UnsupportedInput(f"{name} is no e-mail: it has no head lines.", hint="Save the letter anew as EML.")
    blocks = [Block("heading", heads.get("Subject", ""), level=1)]
    blocks.append(Block("paragraph", "\n".join(f"{head}: {value}" for head, value in heads.items())))
    notes: list[str] = []
    body = letter.get_body(preferencelist=("plain", "html"))
    shown = [cast(EmailMessage, body)] if body is not None else []
    attached: list[str] = []
    for part in letter.iter_attachments():
        if part.get_content_maintype() == "text" and part.get_filename() is None and not part.is_attachment():
            shown.append(part)  # a text that goes on behind a picture
        else:
            attached.append(part.get_filename() or f"{part.get_content_type()} without a name")
    for part in shown:
        content = _text(part, notes)
        if part.get_content_type() == "text/html":
            blocks += map(_under_subject, html.read_text(content).blocks)
        else:
            blocks += text.read(content.encode("utf-8", "replace"), name).blocks
    if attached:
        notes.append(f"Attachments are not read: {', '.join(attached)}.")
    return Reading(blocks, title=heads.get("Subject", ""), notes=notes)


def _under_subject(block: Block) -> Block:
    return replace(block, level=min(block.level + 1, 6)) if block.kind == "heading" else block


def _text(body: EmailMessage, notes: list[str]) -> str:
    try:
        return str(body.get_content())
    except (LookupError, UnicodeError):
        notes.append("The letter is not in the encoding that it states.")
        return cast(bytes, body.get_payload(decode=True) or b"").decode("cp1252", "replace")


FORMAT = DocumentFormat("eml", "an e-mail", (".eml",), "message/rfc822", read)

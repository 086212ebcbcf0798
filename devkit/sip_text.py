"""SIP as text: reading headers, writing answers, describing voice (SDP), answering a demand for a password."""

import hashlib
import re
from collections.abc import Sequence

KEYS = 101
"""The RTP payload type by which keys travel (RFC 4733)."""


def header(text: str, name: str) -> str:
    """The first header of this name; empty if there is none."""
    found = re.search(rf"(?im)^{name}[ \t]*:[ \t]*(.*?)\r?$", text)
    return found[1] if found else ""


def uri_in(value: str) -> str:
    """ "sip:olga@127.0.0.1:5060" out of a Contact, From or To; empty if there is none."""
    found = re.search(r"sips?:[^>;\s]+", value)
    return found[0] if found else ""


def tag_in(value: str) -> str:
    """The tag of a From or To; empty if there is none yet."""
    found = re.search(r";\s*tag=([^;>\s]+)", value)
    return found[1] if found else ""


def branch_of(text: str) -> str:
    """What tells one transaction from another: the branch of the first Via."""
    found = re.search(r"branch=([^;,\s]+)", header(text, "Via"))
    return found[1] if found else ""


def body_of(text: str) -> str:
    return text.partition("\r\n\r\n")[2]


def status_of(text: str) -> int:
    """Of an answer."""
    return int(text.split(maxsplit=2)[1])


def with_body(head: Sequence[str], body: str = "", kind: str = "application/sdp") -> str:
    """A whole message."""
    lines = [*head, f"Content-Type: {kind}"] if body else [*head]
    return "\r\n".join([*lines, f"Content-Length: {len(body.encode())}", "", body])


def reply(request: str, status: str, *, tag: str, contact: str, body: str = "", more: Sequence[str] = ()) -> str:
    """The answer to a request. `status`: "180 Ringing" and the like; `tag` is ours, if the To has none yet."""
    to = header(request, "To")
    head = [f"SIP/2.0 {status}"]
    head += [
        line for line in request.partition("\r\n\r\n")[0].split("\r\n") if re.match(r"(?i)(via|record-route)\s*:", line)
    ]
    head += [f"From: {header(request, 'From')}", f"To: {to}" + ("" if tag_in(to) else f";tag={tag}")]
    head += [f"Call-ID: {header(request, 'Call-ID')}", f"CSeq: {header(request, 'CSeq')}", f"Contact: <{contact}>"]
    return with_body([*head, *more], body)


def sdp(address: str, port: int, version: int, direction: str = "sendrecv") -> str:
    """Voice at this address, A-law, with keys. `version` grows whenever the description changes."""
    lines = ["v=0", f"o=phone 1 {version} IN IP4 {address}", "s=-", f"c=IN IP4 {address}", "t=0 0"]
    lines += [f"m=audio {port} RTP/AVP 8 {KEYS}", "a=rtpmap:8 PCMA/8000", f"a=rtpmap:{KEYS} telephone-event/8000"]
    return "\r\n".join([*lines, f"a=fmtp:{KEYS} 0-16", f"a={direction}", ""])


def voice_address(text: str) -> tuple[str, int] | None:
    """Where a message's SDP wants voice; None if it has no SDP."""
    host, port = re.search(r"(?m)^c=IN IP4 (\S+)", text), re.search(r"(?m)^m=audio (\d+)", text)
    return (host[1], int(port[1])) if host and port else None


def direction_in(text: str) -> str:
    """sendrecv, sendonly, recvonly or inactive, as a message's SDP says."""
    found = re.search(r"(?m)^a=(sendrecv|sendonly|recvonly|inactive)", body_of(text))
    return found[1] if found else "sendrecv"


def credentials(challenge: str, *, user: str, secret: str, method: str, uri: str) -> str:
    """The value of (Proxy-)Authorization for a WWW- or Proxy-Authenticate: digest, MD5 (RFC 2617)."""
    asked = {name.lower(): value.strip('"') for name, value in re.findall(r'(\w+)=("[^"]*"|[^,\s]+)', challenge)}
    realm, nonce, cnonce, count = asked.get("realm", ""), asked.get("nonce", ""), "5f7c2a", "00000001"
    ha1, ha2 = _md5(f"{user}:{realm}:{secret}"), _md5(f"{method}:{uri}")
    said = f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", algorithm=MD5'
    if "opaque" in asked:
        said += f', opaque="{asked["opaque"]}"'
    if "qop" not in asked:
        return f'{said}, response="{_md5(f"{ha1}:{nonce}:{ha2}")}"'
    response = _md5(f"{ha1}:{nonce}:{count}:{cnonce}:auth:{ha2}")
    return f'{said}, qop=auth, nc={count}, cnonce="{cnonce}", response="{response}"'


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

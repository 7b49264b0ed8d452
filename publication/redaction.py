"""Addresses and messages without the secrets in them: passwords, tokens, and every form a library gives them."""

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus, unquote

MASK = "***"
STRAY_AT = "it has an `@` where none can be read, perhaps in its password"
ENCODE_ADVICE = (
    "But for the one before the host, write `@` as `%40`; "
    "and in a user name or password `/` as `%2F`, `?` as `%3F` and `#` as `%23`."
)
LONG_SECRET = 6
"""Characters from which on a secret is masked inside a longer word, too; a shorter one is masked as a word alone."""

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_ADDRESS_IN_TEXT = re.compile(r"""(?<=://).*@|[^\s'"/]*:[^\s/]*@""", re.DOTALL)
_HOST_AND_PATH = re.compile(r"(?:\[[0-9A-Fa-f:.%]+\]|[^:/\[\]]*)(?::[0-9]*)?(?:/.*)?", re.DOTALL)
_FILES = frozenset({"sqlite", "file"})
_WEB = frozenset({"http", "https"})
_USER_INFO_OF_WEB = re.compile(r"[^/?#]*")  # RFC 3986, 3.2
_USER_INFO_OF_DATABASE = re.compile(
    r"(?!.*\?.*=)[^:/]*(?::.*)?", re.DOTALL
)  # sqlalchemy.engine.make_url, but for a query
_DELIMITERS = re.compile(r"[@:/?#&=;,\[\]'\"\\\s]+")
_HARMLESS_IN_QUERY = frozenset(
    {"host", "hostaddr", "port", "dbname", "mode", "uri", "sslmode", "connect_timeout", "target_session_attrs"}
    | {"application_name", "client_encoding", "charset", "driver"}
)
_SECRET_IN_QUERY = re.compile(r"pass|pwd|secret|token|key|sig|auth", re.IGNORECASE)
_PLAIN_OPTION = re.compile(r"[0-9]{0,5}|yes|no|true|false|on|off|disable|allow|prefer|require", re.IGNORECASE)
_SECRET_VARIABLE = re.compile(r"(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|(?:SECRET|ACCESS|API)_KEY)$", re.IGNORECASE)
_OUR_WORDS = frozenset({"headroom", "password", "postgresql"})
"""Pieces of misread addresses that are no secrets, and are in every other sentence: settings are named HEADROOM_*."""
_ADDRESS_VARIABLE = re.compile(r"_UR[LI]$", re.IGNORECASE)
_ONE_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
_KEYWORD = re.compile(r"\b(?:ssl)?(?:password|passwd|pwd) *= *['\"]?([^\s;&'\"]+)", re.IGNORECASE)
_BEFORE = r"(?:(?<![0-9A-Za-z])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt]))"  # an escaped sign ends the word before it
_AFTER = r"(?![0-9A-Za-z])"


def redact_url(url: str) -> str:
    """Return the address without its secrets: nothing from `://` up to the last `@`, and no query.

    Text that is no address, or that has no number where a port belongs, is masked: it may be half a password.
    """
    found = _ADDRESS.fullmatch(url)
    if found is None:
        return MASK if re.search("[@:]", url) else url
    scheme, rest = found.groups()
    secret, at, address = rest.rpartition("@")
    address = address.partition("?")[0]
    if "?" in secret or not _HOST_AND_PATH.fullmatch(address):
        return f"{scheme}://{MASK}"
    return f"{scheme}://{MASK}@{address}" if at else f"{scheme}://{address}"


def redact_addresses(text: str) -> str:
    """Return the text with what stands before the last `@` of every address in it masked."""
    return _ADDRESS_IN_TEXT.sub(f"{MASK}@", text)


def addresses_in(content: object) -> Iterator[str]:
    """Return every address in a text, in tables and lists of any depth, or among the words of a command line."""
    if isinstance(content, str):
        yield from _ONE_ADDRESS.findall(content)
    elif isinstance(content, Mapping):
        for key, value in content.items():
            yield from (*addresses_in(key), *addresses_in(value))
    elif isinstance(content, Iterable):
        for value in content:
            yield from addresses_in(value)


def has_stray_at(url: str) -> bool:
    """Return whether the address has an `@` beyond the one before its host, so that a library may misread it.

    What the library takes for the host is then a part of the password, which a name server would be asked for.
    """
    scheme, _, rest = url.partition("://")
    user_info, at, others = rest.partition("@")
    if not at or scheme.partition("+")[0] in _FILES:
        return False
    expected = _USER_INFO_OF_WEB if scheme in _WEB else _USER_INFO_OF_DATABASE
    return "@" in others or not expected.fullmatch(user_info)


class Redactor:
    """Takes the secrets of addresses, and other secrets, out of texts."""

    def __init__(self, *urls: str, secrets: Iterable[str] = ()) -> None:
        """User names of the addresses are masked as well. `secrets`: further ones, such as a token."""
        given = {*secrets, *(secret for url in urls for secret in _secrets_in(url))}
        forms = {form for secret in given for form in _forms(secret)}
        patterns = [_pattern(form) for form in sorted(forms, key=len, reverse=True) if form.strip()]
        patterns += [_word(form) for user in map(_user_in, urls) for form in _decodings(user) if form]
        self._pattern = re.compile("|".join(patterns), re.IGNORECASE) if patterns else None

    @classmethod
    def of_environment(cls, environ: Mapping[str, str], *urls: str) -> "Redactor":
        """Of the passwords and tokens among the variables of an environment, of addresses there, and of further ones.

        User names of the environment are not masked: one may be a word of every other line of a log.
        """
        secrets = [text for name, text in environ.items() if _SECRET_VARIABLE.search(name) and len(text) >= LONG_SECRET]
        for name, value in environ.items():
            if _ADDRESS_VARIABLE.search(name) or _ONE_ADDRESS.fullmatch(value):
                secrets += _secrets_in(value)
            secrets += _KEYWORD.findall(value)
        return cls(*urls, secrets=secrets)

    @classmethod
    def without_users(cls, addresses: Iterable[str], secrets: Iterable[str] = ()) -> "Redactor":
        """Of the secrets of addresses, and of further ones. Their user names are not masked."""
        return cls(secrets=[*secrets, *(secret for address in addresses for secret in _secrets_in(address))])

    def redact(self, text: str) -> str:
        """Return the text with each form of a secret masked."""
        return text if self._pattern is None else self._pattern.sub(MASK, text)

    def redact_error(self, error: BaseException) -> str:
        """Return the first line of what the error says, or its class where it says nothing, with secrets masked."""
        text = self.redact(str(error)).strip() or type(error).__name__
        return text.splitlines()[0].rstrip(" .")


def _secrets_in(url: str) -> Iterator[str]:
    """Return the secrets of an address: its password, or all before its host; values of its query; a misplaced port."""
    scheme, rest = _split(url)
    if scheme in _FILES and rest.startswith("/"):
        return
    user_info, _, others = rest.rpartition("@")
    password = user_info.partition(":")[2]
    yield password if _user_in(url) else user_info
    where = others.partition("?")[0]
    if scheme and not _HOST_AND_PATH.fullmatch(where):
        yield where
    for piece in rest.partition("?")[2].split("&"):
        key, _, value = piece.partition("=")
        is_option = _PLAIN_OPTION.fullmatch(value) and not _SECRET_IN_QUERY.search(key)
        if key.lower() not in _HARMLESS_IN_QUERY and not is_option:  # else a 1 would be masked in every table
            yield from (value, value.replace("+", " "))


def _user_in(url: str) -> str:
    """The user of an address, where it can be nothing else: a part of a password, or a token, is none."""
    scheme, rest = _split(url)
    user_info = rest.rpartition("@")[0]
    user, colon, password = user_info.partition(":")
    is_plain = "@" not in password and not _DELIMITERS.search(user)
    return user if is_plain and (colon or (scheme and scheme not in _WEB)) else ""


def _split(url: str) -> tuple[str, str]:
    """The scheme of an address, without a driver, and what follows it. Without a scheme all of it follows."""
    scheme, is_address, rest = url.partition("://")
    return (scheme.partition("+")[0], rest) if is_address else ("", url)


def _forms(secret: str) -> Iterator[str]:
    """Return forms that a library may give a secret: its encodings, and those of its pieces where it is misread."""
    for decoded in _decodings(secret):
        for text in {decoded, *(piece for piece in _DELIMITERS.split(decoded) if piece not in _OUR_WORDS)}:
            encoded = _bytes(text)
            yield from (text, quote(encoded, safe=""), quote(encoded, safe=" +"), quote_plus(encoded))
            yield from (repr(text)[1:-1], json.dumps(text)[1:-1], html.escape(text))
            yield from _in_base64(encoded)


def _in_base64(secret: bytes) -> Iterator[str]:
    """The signs that a secret alone makes in base64, wherever it is in what was encoded: a header of HTTP, say."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + secret).decode()
        signs = encoded[(8 * before + 5) // 6 : 8 * (before + len(secret)) // 6]
        if len(signs) >= LONG_SECRET:
            yield from (signs, signs.replace("+", "-").replace("/", "_"))


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")  # a variable of the environment need not be UTF-8


def _decodings(secret: str) -> Iterator[str]:
    """The text as it is, and percent-decoded as often as that changes it."""
    yield secret
    while (decoded := unquote(secret)) != secret:
        yield decoded
        secret = decoded


def _word(form: str) -> str:
    return f"{_BEFORE}{re.escape(form)}{_AFTER}"


def _pattern(form: str) -> str:
    return re.escape(form) if len(form) >= LONG_SECRET else _word(form)

"""Settings that hold secrets, and common mistakes in writing them. H1, B2 and S3 stand for planted words."""

from dataclasses import dataclass

from tests.planted import BATTERY, HORSE, POSTGRESQL_PASSWORD, STAPLE

ENCODE = "write `@` as `%40`"
PORT = "its port is not a number"
PASSWORD_FAILED = "password authentication failed"


@dataclass(frozen=True)
class Case:
    """An address, and what the sentence about it says. `{port}` is of a PostgreSQL that runs, `{free}` of nothing."""

    wrong: str
    address: str
    says: str

    def filled(self, port: int, free: int) -> str:
        return fill(self.address).format(port=port, free=free)

    @property
    def is_file(self) -> bool:
        return self.address.startswith("sqlite")

    def __str__(self) -> str:
        return self.wrong


def fill(text: str) -> str:
    """The text with planted words in the places of H1, B2, S3 and OURS, the password that would be right."""
    for sign, word in {"H1": HORSE, "B2": BATTERY, "S3": STAPLE, "OURS": POSTGRESQL_PASSWORD}.items():
        text = text.replace(sign, word)
    return text


DATABASES = [
    Case("an @ in the password", "postgresql://hr:corr@H1@127.0.0.1/hr", ENCODE),
    Case("two of them", "postgresql://hr:H1@B2@S3@127.0.0.1:{port}/hr", ENCODE),
    Case("an @ and a slash", "postgresql://hr:H1@B2/S3@127.0.0.1:{port}/hr", ENCODE),
    Case("an @ and a question mark", "postgresql://hr:H1@B2?S3@127.0.0.1:{port}/hr", ENCODE),
    Case("an @ and a fragment", "postgresql://hr:H1@B2#S3@127.0.0.1:{port}/hr", ENCODE),
    Case("three slashes", "postgresql:///hr:H1@127.0.0.1/hr", ENCODE),
    Case("a slash", "postgresql://hr:H1/B2@127.0.0.1:{port}/hr", PASSWORD_FAILED),
    Case("a question mark", "postgresql://hr:H1?B2@127.0.0.1:{port}/hr", PASSWORD_FAILED),
    Case("a fragment", "postgresql://hr:H1#B2@127.0.0.1:{port}/hr", PASSWORD_FAILED),
    Case("a wrong password", "postgresql://headroom:H1@127.0.0.1:{port}/postgres", PASSWORD_FAILED),
    Case("a wrong password, encoded", "postgresql://headroom:H1%40B2%2f@127.0.0.1:{port}/postgres", PASSWORD_FAILED),
    Case("a wrong one in the query", "postgresql://headroom@127.0.0.1:{port}/d?password=H1%40B2", PASSWORD_FAILED),
    Case("an @ in the query", "postgresql://headroom@127.0.0.1:{port}/d?password=H1@B2", ENCODE),
    Case("an @ in the query alone", "postgresql://127.0.0.1:{port}/d?password=H1@B2", ENCODE),
    Case("a question mark and an @", "postgresql://127.0.0.1?password=H1@B2", ENCODE),
    Case("no such database", "postgresql://headroom:OURS@127.0.0.1:{port}/absent", 'database "absent" does not exist'),
    Case("nothing listens", "postgresql://hr:H1@127.0.0.1:{free}/hr", "Connection refused"),
    Case("none listens", "postgresql://hr:H1@/d?host=127.0.0.1:{free}&host=127.0.0.1:{free}", "Connection refused"),
    Case("no such host", "postgresql://hr:H1@no-such-host.invalid/hr", "no-such-host.invalid"),
    Case("a host that is none", "postgresql://hr:H1@a..b/hr", "idna"),
    Case("a port that is none", "postgresql://hr:H1@127.0.0.1:B2/hr", PORT),
    Case("no host", "postgresql://hr:H1", PORT),
    Case("no host, but a database", "postgresql://hr:H1/hr", PORT),
    Case("no scheme", "hr:H1@127.0.0.1/hr", "Could not parse"),
    Case("one slash", "postgresql:/hr:H1@127.0.0.1/hr", "Could not parse"),
    Case("an unknown scheme", "postgres9://hr:H1@127.0.0.1/hr", "postgres9"),
    Case("an absent driver", "mysql://hr:H1@127.0.0.1/hr", "MySQLdb"),
    Case("an unknown option", "postgresql://hr:H1@127.0.0.1:{port}/hr?passwrd=B2", 'option "passwrd"'),
    Case("SQLite with a password", "sqlite://hr:H1@127.0.0.1/hr", "Invalid SQLite URL"),
    Case("an encrypted SQLite", "sqlite+pysqlcipher://:H1@/hr.db", "Reading HEADROOM_"),
    Case("a number that is none", "sqlite:///hr.db?timeout=H1", "not a number"),
]  # fmt: skip

TRACKING = [
    Case("an @ in the password", "http://mona:corr@H1@127.0.0.1:{free}", ENCODE),
    Case("a slash in the password", "http://mona:H1/B2@127.0.0.1:{free}", ENCODE),
    Case("a slash in the token", "https://H1/B2@127.0.0.1:{free}", ENCODE),
    Case("a question mark", "http://mona:H1?B2@127.0.0.1:{free}", ENCODE),
    Case("a fragment", "http://mona:H1#B2@127.0.0.1:{free}", ENCODE),
    Case("nothing listens", "http://mona:H1%40B2@127.0.0.1:{free}", "Connection refused"),
    Case("nothing listens, with a token", "http://H1@127.0.0.1:{free}", "Connection refused"),
    Case("a port that is none", "http://mona:H1@127.0.0.1:B2", "***"),
    Case("no host", "http://mona:H1", "***"),
    Case("no such host", "http://mona:H1@no-such-host.invalid", "no-such-host.invalid"),
    Case("no scheme", "mona:H1@127.0.0.1", "***"),
    Case("an unknown scheme", "mlflow://mona:H1@127.0.0.1", "***"),
    Case("a database with an @", "postgresql+psycopg://hr:corr@H1@127.0.0.1:{port}/d", ENCODE),
    Case("a database whose port is none", "postgresql+psycopg://hr:H1@127.0.0.1:B2/d", PORT),
    Case("a database whose driver is absent", "mysql://hr:H1@127.0.0.1:{port}/d", "MySQLdb"),
    Case("a database and a wrong password", "postgresql://headroom:H1@127.0.0.1:{port}/d", PASSWORD_FAILED),
    Case("SQLite with a password", "sqlite://mona:H1@127.0.0.1/x", "Invalid SQLite URL"),
]
